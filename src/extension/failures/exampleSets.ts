import { consistencyGroupOf } from '../../data/annotations/format';

/**
 * Which examples belong together. NLVR asks the same sentence about several image pairs and calls a
 * sentence consistent when all of them are answered right; the official scripts group by identifier:
 * NLVR2 `split-set-pair-sentence` with the pair blanked, NLVR `n-m-k` by its `n`.
 * Other identifiers have no such groups: there the same sentence makes a set.
 */
export function setKey(identifier: string, sentence: string): string {
  const group = consistencyGroupOf(identifier);
  return group === null ? `sentence:${sentence}` : `id:${group}`;
}

/** Name of an example in NLVR's official prediction file, `dev-<identifier>-<order>.png`; null for other data. */
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
