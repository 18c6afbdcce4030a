/** Minimum number of image tokens of a small run, so that its fixed cost is a small part. */
const MIN_TOKENS = 512;
/** Maximum number of small runs for the images of a full run. */
const MAX_SMALL_RUNS = 8;

/**
 * Sizes of the runs that encode `count` images: full runs, and small runs for the rest if they encode less padding, because
 * few batches fill a run when neighboring examples share images. The sizes depend only on the model and the batch, because
 * the last bit of features may depend on the size of their run.
 *
 * @param max number of images in a full run
 * @param tokens number of tokens of an image
 */
export function encodingRuns(count: number, max: number, tokens: number): number[] {
  const small = Math.max(Math.ceil(max / MAX_SMALL_RUNS), Math.ceil(MIN_TOKENS / tokens));
  const runs: number[] = [];
  for (let left = count; left > 0; left -= runs.at(-1) ?? left)
    runs.push(Math.ceil(left / small) * small < max ? small : max);
  return runs;
}
