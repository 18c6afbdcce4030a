import type { SplitSummary } from '../data/check/checkDataset';
import { pluralize } from './pluralize';

/** `24 examples (8 true, 16 false), 3 sentences, 3 pairs, 6 images, the smallest 20×24, the largest 33×24`. */
export function splitSummaryText(summary: SplitSummary): string {
  const n = (value: number): string => value.toLocaleString('en');
  const labels = [`${n(summary.true)} true`, `${n(summary.false)} false`];
  if (summary.unlabelled > 0) labels.push(`${n(summary.unlabelled)} unlabeled`);
  return [
    `${pluralize(summary.examples, 'example')} (${labels.join(', ')})`,
    pluralize(summary.sentences, 'sentence'),
    pluralize(summary.pairs, 'pair'),
    `${pluralize(summary.images, 'image')}${sizeRange(summary)}`,
  ].join(', ');
}

/** Minimum and maximum sizes. Width and height are independent: they need not be those of one image. */
function sizeRange(summary: SplitSummary): string {
  const smallest = `${summary.smallestWidth}×${summary.smallestHeight}`;
  const largest = `${summary.largestWidth}×${summary.largestHeight}`;
  // There are no sizes if no image can be read.
  if (summary.largestWidth === 0) return '';
  return smallest === largest
    ? ` of ${largest}`
    : `, the smallest ${smallest}, the largest ${largest}`;
}
