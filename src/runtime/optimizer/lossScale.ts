/**
 * Dynamic loss scaling for fp16, by the rules of torch.amp.GradScaler (Micikevicius et al., ICLR 2018).
 *
 * Gradients of a loss that is multiplied by the scale stay above float16's smallest numbers. A step whose gradients are not
 * finite is skipped, and the scale is lowered; after many steps without one it is raised.
 */

/** What a resumed training needs of its loss scaling. */
export interface LossScale {
  /** Factor of the loss in the next step. */
  scale: number;
  /** Steps since the scale was last changed, all of them with finite gradients. */
  growthTracker: number;
  /** Steps of the optimizer's that were skipped: AdamW does not count them. */
  skipped: number;
}

/** GradScaler's defaults. */
export const INITIAL_SCALE = 65536;
const GROWTH_FACTOR = 2;
const BACKOFF_FACTOR = 0.5;
const GROWTH_INTERVAL = 2000;

/** Below this the gradients are not too large for float16, but wrong: fairseq's `--min-loss-scale`. */
export const MIN_SCALE = 1e-4;

export function initialLossScale(): LossScale {
  return { scale: INITIAL_SCALE, growthTracker: 0, skipped: 0 };
}

/**
 * The scale after a step: `GradScaler.update`.
 * @param finite whether the step's gradients were, and it was applied
 */
export function nextLossScale(
  { scale, growthTracker, skipped }: LossScale,
  finite: boolean,
): LossScale {
  if (!finite)
    return { scale: Math.fround(scale * BACKOFF_FACTOR), growthTracker: 0, skipped: skipped + 1 };
  const successful = growthTracker + 1;
  if (successful < GROWTH_INTERVAL) return { scale, growthTracker: successful, skipped };
  const grown = Math.fround(scale * GROWTH_FACTOR);
  return { scale: Number.isFinite(grown) ? grown : scale, growthTracker: 0, skipped };
}
