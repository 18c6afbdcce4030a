/** Rows of a variable by their numbers: values that stay in the runtime between programs. */
import type * as tf from '@tensorflow/tfjs';
import { DType } from '../tensorflow/dtypes';
import type { Scope } from '../trace/program';
import { outputOf, tensorOf } from '../trace/tracer';

const TYPES = { dtype: { type: DType.float32 }, Tindices: { type: DType.int32 } } as const;

/**
 * Rows of a variable [rows, …]. No gradient flows to the variable.
 *
 * @param rows int32 [n]
 * @returns [n, …]
 */
export function gatherRows(scope: Scope, variable: string, rows: tf.Tensor): tf.Tensor {
  return tensorOf(
    scope.trace.op('ResourceGather', [scope.handle(variable), outputOf(rows)], TYPES),
  );
}

/**
 * Replaces rows of a variable [rows, …] when all reads of the program are done.
 *
 * @param rows int32 [n]
 * @param values [n, …]
 */
export function scatterRows(
  scope: Scope,
  variable: string,
  rows: tf.Tensor,
  values: tf.Tensor,
): void {
  scope.effect(() =>
    scope.trace.effect(
      'ResourceScatterUpdate',
      [scope.handle(variable), outputOf(rows), outputOf(values)],
      TYPES,
    ),
  );
}
