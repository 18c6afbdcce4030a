import { isAbsolute, relative } from 'node:path';
import { isUrl } from '../../config/paths';

/** Path of weights for the files of a run folder: relative to the folder if it contains them, otherwise unchanged. */
export function weightsPath(root: string, weights: string): string {
  const inside = relative(root, weights);
  return isUrl(weights) || inside.startsWith('..') || isAbsolute(inside) ? weights : inside;
}
