/** Checks weights before they are used: no missing parameters, no values that are not finite. */
import { describeParts, missingParts } from '../config/modelParts';
import { localize, joinSentences } from '../util/localize';
import { UserError } from '../util/userError';
import type { LoadReport } from './loadRules';

/**
 * Checks that a checkpoint has all parameters: a model with random values answers as confidently as a trained one.
 * @throws {UserError} naming missing parameters, by part, and an example of unexpected names.
 */
export function requireAllParameters({ file, missing, unexpected }: LoadReport): void {
  if (missing.length === 0) return;
  const message = localize('{0} lacks {1}.', file, describeParts(missingParts(missing)));
  throw new UserError(
    unexpected.length === 0
      ? message
      : joinSentences(
          message,
          localize(
            unexpected.length === 1
              ? 'The model needs names such as {0}; {1} name in the file is not in the model: {2}.'
              : 'The model needs names such as {0}; {1} names in the file are not in the model, such as {2}.',
            missing[0],
            unexpected.length,
            unexpected[0],
          ),
        ),
    {
      hint: localize(
        'Its answers would depend on random values. Choose a fine-tuned checkpoint, train from this one as `pretrained`, or pass --allow_missing to evaluate it anyway.',
      ),
      allowedBy: '--allow_missing',
    },
  );
}

/** Tensors that are read one at a time. */
type Values = AsyncIterable<[name: string, value: Float32Array]>;

/**
 * Yields tensors as long as all their values are finite.
 * @throws {UserError} after all tensors were read, with the first value that is not finite, and the number of such values.
 */
export async function* finiteValues(
  file: string,
  values: Values,
): AsyncGenerator<[string, Float32Array], void, undefined> {
  let first: { name: string; value: number; at: number } | undefined;
  let tensors = 0;
  let count = 0;
  for await (const [name, value] of values) {
    let here = 0;
    let at = -1;
    for (let i = 0; i < value.length; i++)
      if (!Number.isFinite(value[i])) {
        if (here === 0) at = i;
        here++;
      }
    if (here > 0) {
      first ??= { name, value: value[at] ?? NaN, at };
      tensors++;
      count += here;
    }
    if (first === undefined) yield [name, value];
  }
  if (first === undefined) return;
  throw new UserError(
    localize(
      count === 1
        ? '{0} contains {1} value that is not finite (in {2} of its tensors): {3} has {4} at position {5}.'
        : '{0} contains {1} values that are not finite (in {2} of its tensors): the first is in {3}, {4} at position {5}.',
      file,
      count,
      tensors,
      first.name,
      String(first.value),
      first.at,
    ),
    {
      hint: localize(
        'The training that saved it had diverged, or the file is damaged. Choose an earlier or another checkpoint.',
      ),
    },
  );
}
