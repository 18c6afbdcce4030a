/** Name of an example in the official prediction file of NLVR, `dev-<identifier>-<order>.png`; null for other data. */
export function officialNlvr1Name(
  identifier: string,
  split: 'train' | 'val' | 'test',
  leftImage: string,
): string | null {
  if (!/^\d+-\d+-[0-5]$/.test(identifier)) return null;
  const file = /([^/\\]+)$/.exec(leftImage)?.[1];
  if (file?.endsWith(`-${identifier}.png`)) return file;
  return `${split === 'val' ? 'dev' : split}-${identifier}.png`;
}
