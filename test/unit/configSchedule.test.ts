import { describe, expect, it } from 'vitest';
import {
  curriculumLearningRate,
  learningRate,
  schedulePoints,
  type ScheduleConfig,
} from '../../src/config/schedule';

const blip: ScheduleConfig = {
  init_lr: 3e-5,
  min_lr: 0,
  max_epoch: 15,
  warmup_steps: 0,
  warmup_lr: 1e-6,
};

/** The graph between two points, by linear interpolation; the later of two at the same step. */
function read(corners: ReturnType<typeof schedulePoints>, step: number): number {
  const right = corners.findIndex((corner) => corner.step > step);
  const [a, b] = [corners[right - 1], corners[right]];
  if (a === undefined || b === undefined) throw new Error(`step ${step} is outside`);
  return a.lr + ((b.lr - a.lr) * (step - a.step)) / (b.step - a.step);
}

describe('learningRate', () => {
  it("is BLIP's cosine, one value per epoch", () => {
    // (init - min) * 0.5 * (1 + cos(pi * epoch / max_epoch)) + min, computed apart.
    expect(learningRate(blip, 0, 0)).toBe(3e-5);
    expect(learningRate(blip, 0, 5000)).toBe(3e-5);
    expect(learningRate(blip, 5, 0)).toBeCloseTo(2.25e-5, 12);
    expect(learningRate(blip, 10, 0)).toBeCloseTo(0.75e-5, 12);
    expect(learningRate({ ...blip, min_lr: 1e-5 }, 15, 0)).toBeCloseTo(1e-5, 12);
  });

  it('increases linearly over the warm-up steps, across epochs, and never above the cosine', () => {
    const config = { ...blip, warmup_steps: 100, warmup_lr: 0, max_epoch: 2 };
    expect(learningRate(config, 0, 0)).toBe(0);
    expect(learningRate(config, 0, 50)).toBeCloseTo(1.5e-5, 12);
    expect(learningRate(config, 0, 100)).toBe(3e-5);
    expect(learningRate(config, 1, 80)).toBeCloseTo(1.5e-5, 12);
    expect(curriculumLearningRate(config, 50)).toBeCloseTo(1.5e-5, 12);
    expect(curriculumLearningRate(config, 500)).toBe(3e-5);
  });

  it('does not start above the cosine with a larger warm-up rate', () => {
    expect(learningRate({ ...blip, warmup_steps: 10, warmup_lr: 1 }, 0, 0)).toBe(3e-5);
  });
});

describe('schedulePoints', () => {
  it.each([
    ['plain', blip, 7],
    ['warm-up within the first epoch', { ...blip, warmup_steps: 5 }, 7],
    ['warm-up over several epochs', { ...blip, warmup_steps: 40, max_epoch: 8 }, 9],
    ['warm-up longer than the run', { ...blip, warmup_steps: 1000, max_epoch: 3 }, 9],
    ['warm-up from above', { ...blip, warmup_steps: 12, warmup_lr: 1, max_epoch: 3 }, 9],
  ])('agrees with learningRate: %s', (_, config, stepsPerEpoch) => {
    const corners = schedulePoints(config, stepsPerEpoch);
    for (let step = 0; step < config.max_epoch * stepsPerEpoch; step++)
      expect(read(corners, step)).toBeCloseTo(
        learningRate(config, Math.floor(step / stepsPerEpoch), step),
        12,
      );
  });

  it('puts the curriculum before step 0', () => {
    const corners = schedulePoints({ ...blip, warmup_steps: 5 }, 7, 20);
    expect(corners[0]).toEqual({ step: -20, lr: 1e-6 });
    expect(read(corners, -1)).toBeCloseTo(3e-5, 12);
  });
});
