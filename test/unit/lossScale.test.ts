import { expect, test } from 'vitest';
import {
  initialLossScale,
  nextLossScale,
  type LossScale,
} from '../../src/runtime/optimizer/lossScale';

/** Scale and growth tracker after each step, and the steps that AdamW has counted. */
function scaled(finite: readonly boolean[], from = initialLossScale()): number[][] {
  let state: LossScale = from;
  return finite.map((ok, i) => {
    state = nextLossScale(state, ok);
    return [state.scale, state.growthTracker, i + 1 - state.skipped];
  });
}

const steps = (count: number): boolean[] => new Array<boolean>(count).fill(true);

// What torch.amp.GradScaler and torch.optim.AdamW of PyTorch 2.13 have after the same steps.
test('the loss scale follows torch.amp.GradScaler', () => {
  const finite = [0, 0, 1, 1, 0, 1, 0, 0, 0, 1].map(Boolean);
  expect(scaled(finite)).toEqual([
    [32768, 0, 0],
    [16384, 0, 0],
    [16384, 1, 1],
    [16384, 2, 2],
    [8192, 0, 2],
    [8192, 1, 3],
    [4096, 0, 3],
    [2048, 0, 3],
    [1024, 0, 3],
    [1024, 1, 4],
  ]);
  const long = scaled([...steps(1999), false, ...steps(2001)]);
  expect([1998, 1999, 3998, 3999, 4000].map((i) => long[i])).toEqual([
    [65536, 1999, 1999],
    [32768, 0, 1999],
    [32768, 1999, 3998],
    [65536, 0, 3999],
    [65536, 1, 4000],
  ]);
  const largest = { ...initialLossScale(), scale: 2 ** 127 };
  expect(scaled(steps(2000), largest).at(-1)).toEqual([2 ** 127, 0, 2000]);
});
