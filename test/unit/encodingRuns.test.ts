import { expect, test } from 'vitest';
import { encodingRuns } from '../../src/train/evaluate/encodingRuns';

test('images are encoded in full runs, and the rest in small ones where these encode less padding', () => {
  const base = 577;
  const small = 37;
  expect(encodingRuns(128, 16, base)).toEqual(new Array(8).fill(16));
  expect(encodingRuns(74, 16, base)).toEqual([16, 16, 16, 16, 2, 2, 2, 2, 2]);
  expect(encodingRuns(31, 16, base)).toEqual([16, 16]);
  // As many as 64 pairs of NLVR2's dev split have.
  expect(encodingRuns(74, 128, small)).toEqual(new Array(5).fill(16));
  expect(encodingRuns(128, 128, small)).toEqual([128]);
  // A small run is not so small that its images cost less than itself.
  expect(encodingRuns(19, 32, small)).toEqual([14, 14]);
  expect(encodingRuns(29, 32, small)).toEqual([32]);
  expect(encodingRuns(1, 1, base)).toEqual([1]);
  expect(encodingRuns(0, 16, base)).toEqual([]);
});
