/** Computes the learning rate schedule, for the optimizer and for the chart in the form. */
import type { Config } from './definition';

/** The keys that determine the learning rate. */
export type ScheduleConfig = Pick<
  Config,
  'init_lr' | 'min_lr' | 'max_epoch' | 'warmup_steps' | 'warmup_lr'
>;

/**
 * Learning rate of an optimizer step: BLIP's cosine, set once per epoch (`utils.py`,
 * `cosine_lr_schedule`), capped by BLIP's linear warm-up (`warmup_lr_schedule`) in the first
 * `warmup_steps` steps. BLIP's `train_nlvr.py` has no warm-up.
 * @param epoch from 0
 * @param step optimizer steps before this one since the start of the schedule
 */
export function learningRate(config: ScheduleConfig, epoch: number, step: number): number {
  const { init_lr, min_lr, max_epoch, warmup_steps, warmup_lr } = config;
  const cosine = (init_lr - min_lr) * 0.5 * (1 + Math.cos((Math.PI * epoch) / max_epoch)) + min_lr;
  if (step >= warmup_steps) return cosine;
  return Math.min(cosine, warmup_lr + ((init_lr - warmup_lr) * step) / warmup_steps);
}

/**
 * Learning rate of a step of the `curriculum` stage: constant, after the same warm-up.
 * @param step optimizer steps before this one since the start of the stage
 */
export function curriculumLearningRate(config: ScheduleConfig, step: number): number {
  const { init_lr, warmup_steps, warmup_lr } = config;
  if (step >= warmup_steps) return init_lr;
  return Math.min(init_lr, warmup_lr + ((init_lr - warmup_lr) * step) / warmup_steps);
}

/**
 * Optimizer steps of an epoch: an incomplete last step is dropped, as in BLIP's loader (`drop_last`). 0 if there are
 * fewer examples than in one step.
 * @param worldSize number of processes, each with its own batches
 */
export function stepsPerEpoch(
  { batch_size_train, accumulate_steps }: Pick<Config, 'batch_size_train' | 'accumulate_steps'>,
  examples: number,
  worldSize = 1,
): number {
  return Math.floor(examples / (batch_size_train * accumulate_steps * worldSize));
}

export interface SchedulePoint {
  /** Optimizer steps done. */
  step: number;
  lr: number;
}

/**
 * The points of the schedule's graph, to be connected by straight lines: a step function of epochs after a
 * linear warm-up. A curriculum stage comes first, at negative steps.
 * @param epochSteps optimizer steps of an epoch of the training split, at least 1
 * @param curriculumSteps optimizer steps of the whole curriculum stage
 */
export function schedulePoints(
  config: ScheduleConfig,
  epochSteps: number,
  curriculumSteps = 0,
): SchedulePoint[] {
  const points: SchedulePoint[] = [];
  const warmupEnd = config.warmup_steps;
  const add = (step: number, lr: number): void => {
    points.push({ step, lr });
  };
  if (curriculumSteps > 0) {
    const start = -curriculumSteps;
    for (const step of [0, Math.min(warmupEnd, curriculumSteps), curriculumSteps])
      add(start + step, curriculumLearningRate(config, step));
  }
  for (let epoch = 0; epoch < config.max_epoch; epoch++) {
    const first = epoch * epochSteps;
    const end = first + epochSteps;
    const epochRate = learningRate(config, epoch, warmupEnd);
    add(first, learningRate(config, epoch, first));
    if (warmupEnd > first) {
      // The warm-up crosses the rate of the epoch here, which is below `init_lr` from epoch 1 on.
      const rise = config.init_lr - config.warmup_lr;
      const crossing =
        rise > 0 ? ((epochRate - config.warmup_lr) / rise) * warmupEnd : Math.max(first, warmupEnd);
      if (crossing > first && crossing < end) add(crossing, epochRate);
    }
    add(end, learningRate(config, epoch, end - 1e-9));
  }
  return points;
}
