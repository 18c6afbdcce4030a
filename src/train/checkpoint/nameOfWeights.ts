import { isAbsolute, relative } from 'node:path';
import { isUrl } from '../../config/paths';

/** Weights as the files of a run folder name them: relative to it where they lie in it, else as they are. */
export function nameOfWeights(root: string, weights: string): string {
  const inside = relative(root, weights);
  return isUrl(weights) || inside.startsWith('..') || isAbsolute(inside) ? weights : inside;
}
