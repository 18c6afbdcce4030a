/** Checks that logits are finite: NaN must not count as the answer "False". */
import type { Dataset } from '../../data/types';
import { localize } from '../../util/localize';
import { ExitCode, UserError } from '../../util/userError';

const hint = localize(
  'The weights are finite, but the values computed from them are not. Choose an earlier checkpoint.',
);

/**
 * Checks the logits of a data set.
 * @param logits two numbers per example.
 * @throws {UserError} with the count and the first example whose logits are not finite.
 */
export function requireFiniteLogits(
  { split, examples }: Pick<Dataset, 'split' | 'examples'>,
  logits: Float32Array,
): void {
  const broken = examples.filter(
    (_, i) => !Number.isFinite(logits[2 * i]) || !Number.isFinite(logits[2 * i + 1]),
  );
  if (broken.length === 0) return;
  throw new UserError(
    localize(
      broken.length === 1
        ? "The model's answer to {0} of {1} examples of {2} is not a finite number: {3}."
        : "The model's answers to {0} of {1} examples of {2} are not finite numbers, first to {3}.",
      broken.length,
      examples.length,
      split,
      broken[0].identifier,
    ),
    { hint, exitCode: ExitCode.failed },
  );
}

/** Checks the two logits of one pair. @throws {UserError} when one of them is not finite. */
export function requireFiniteLogitPair(logits: readonly number[]): void {
  if (logits.every(Number.isFinite)) return;
  throw new UserError(
    localize("The model's answer is not a finite number: its logits are {0}.", logits.map(String)),
    { hint, exitCode: ExitCode.failed },
  );
}
