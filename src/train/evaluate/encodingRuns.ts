/** Small runs have at least so many patch tokens: what a run costs apart from its images is then a small part. */
const LEAST_TOKENS = 512;
/** Small runs that have the images of a full one, at most. */
const MOST_SMALL_RUNS = 8;

/**
 * Sizes of the runs that encode `count` images: full ones, and small ones for the rest, where these encode less padding.
 * Where neighbours share images, few batches have images for full runs. The sizes depend on the model and the batch alone,
 * because features may depend on the size of their run in the last bit.
 *
 * @param most images of a full run
 * @param tokens of an image
 */
export function encodingRuns(count: number, most: number, tokens: number): number[] {
  const small = Math.max(Math.ceil(most / MOST_SMALL_RUNS), Math.ceil(LEAST_TOKENS / tokens));
  const runs: number[] = [];
  for (let left = count; left > 0; left -= runs.at(-1) ?? left)
    runs.push(Math.ceil(left / small) * small < most ? small : most);
  return runs;
}
