/**
 * Dynamic loss scaling for fp16, by the rules of torch.amp.GradScaler (Micikevicius et al., ICLR 2018).
 *
 * The loss is multiplied by the scale, so that its gradients do not underflow float16. A step whose gradients are not finite
 * is skipped and lowers the scale; the scale is raised after many steps in a row with finite gradients.
 */

/** State of the loss scaling, as a resumed training needs it. */
export interface LossScale {
  /** Factor of the loss in the next step. */
  scale: number;
  /** Steps since the scale was last changed, all of them with finite gradients. */
  growthTracker: number;
  /** Skipped steps of the optimizer: AdamW does not count them. */
  skipped: number;
}

/** GradScaler's defaults. */
export const INITIAL_SCALE = 65536;
const GROWTH_FACTOR = 2;
const BACKOFF_FACTOR = 0.5;
const GROWTH_INTERVAL = 2000;

/** Below this scale overflow is no longer the cause of gradients that are not finite: fairseq's `--min-loss-scale`. */
export const MIN_SCALE = 1e-4;

export function initialLossScale(): LossScale {
  return { scale: INITIAL_SCALE, growthTracker: 0, skipped: 0 };
}

/**
 * The scale after a step: `GradScaler.update`.
 * @param finite whether the step's gradients were finite, so that it was applied
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
