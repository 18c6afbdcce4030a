import type { Dataset, Example } from '../../data/types';
import type { WatchedPair } from '../../run/events';
import { relativeImages } from '../../run/predictions';
import { probabilityTrue } from '../../analysis/metrics';

/**
 * Chooses the watched pairs of the dashboard: spread evenly over the split, because neighbors often have the same sentence,
 * and alternating between labels if both occur. The same for every epoch.
 * @returns indices into `examples`.
 */
export function chooseWatched(examples: readonly Example[], count: number): number[] {
  const of = (label: boolean): number[] =>
    examples.flatMap((e, i) => (e.label === label ? [i] : []));
  const pools = [of(true), of(false)].filter((pool) => pool.length > 0);
  const chosen: number[] = [];
  for (let i = 0; i < count && pools.length > 0; i++) {
    const pool = pools[i % pools.length];
    const share = Math.ceil(count / pools.length);
    const position = pool[Math.floor((Math.floor(i / pools.length) * pool.length) / share)];
    if (position !== undefined && !chosen.includes(position)) chosen.push(position);
  }
  return chosen;
}

export function watchedPairs(
  { examples, imageRoot }: Pick<Dataset, 'examples' | 'imageRoot'>,
  logits: Float32Array,
  positions: readonly number[],
): WatchedPair[] {
  return positions.map((i) => {
    const { identifier, index, sentence, label } = examples[i];
    return {
      identifier,
      index,
      sentence,
      images: relativeImages(examples[i].images, imageRoot),
      label,
      probTrue: probabilityTrue([logits[2 * i], logits[2 * i + 1]]),
    };
  });
}
