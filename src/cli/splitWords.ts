import type { SplitSummary } from '../data/check/checkDataset';
import { counted } from './counted';

/** `24 examples (8 true, 16 false), 3 sentences, 3 pairs, 6 images, the smallest 20×24, the largest 33×24`. */
export function splitSummaryText(summary: SplitSummary): string {
  const n = (value: number): string => value.toLocaleString('en');
  const labels = [`${n(summary.true)} true`, `${n(summary.false)} false`];
  if (summary.unlabelled > 0) labels.push(`${n(summary.unlabelled)} unlabeled`);
  return [
    `${counted(summary.examples, 'example')} (${labels.join(', ')})`,
    counted(summary.sentences, 'sentence'),
    counted(summary.pairs, 'pair'),
    `${counted(summary.images, 'image')}${sizes(summary)}`,
  ].join(', ');
}

/** Of real pictures: no picture need have the least width and the least height together. */
function sizes(summary: SplitSummary): string {
  const smallest = `${summary.smallestWidth}×${summary.smallestHeight}`;
  const largest = `${summary.largestWidth}×${summary.largestHeight}`;
  // Without a single image that can be read there are no sizes.
  if (summary.largestWidth === 0) return '';
  return smallest === largest
    ? ` of ${largest}`
    : `, the smallest ${smallest}, the largest ${largest}`;
}
