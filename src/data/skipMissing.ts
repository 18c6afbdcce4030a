import { findMissing } from './check/images';
import type { Dataset } from './types';

/**
 * Removes the examples with missing images from a data set and sets `skipped` to their number. Indices are reassigned, so
 * that they stay consecutive.
 */
export async function skipMissingImages(dataset: Dataset, signal?: AbortSignal): Promise<Dataset> {
  const missing = await findMissing(
    new Set(dataset.examples.flatMap(({ images }) => images)),
    signal,
  );
  if (missing.size === 0) return dataset;
  const kept = dataset.examples.filter(({ images }) => !images.some((image) => missing.has(image)));
  return {
    ...dataset,
    examples: kept.map((example, index) => ({ ...example, index })),
    skipped: dataset.examples.length - kept.length,
  };
}
