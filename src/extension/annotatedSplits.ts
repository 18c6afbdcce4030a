import type { ConfigPaths } from '../config/paths';
import type { Split } from '../data/split';
import { pathExists } from '../util/pathExists';

/** The splits whose annotation file exists: val, test, train. */
export async function annotatedSplits(
  annFiles: ConfigPaths['annFiles'],
): Promise<{ split: Split; file: string }[]> {
  const named = (['val', 'test', 'train'] as const).flatMap((split) => {
    const file = annFiles[split];
    return file === undefined ? [] : [{ split, file }];
  });
  const exists = await Promise.all(named.map(({ file }) => pathExists(file)));
  return named.filter((_each, i) => exists[i]);
}
