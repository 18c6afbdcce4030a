import * as tf from '@tensorflow/tfjs';
import { DType } from '../tensorflow/dtypes';
import { rawOp } from '../trace/tracer';

const INT = { type: DType.int32 } as const;
const FLOAT = { type: DType.float32 } as const;

/**
 * torch.nn.functional.embedding.
 *
 * @param table [rows, width]
 * @param ids int32, any shape, each in 0…rows-1 (TensorFlow fails on others, on the CPU)
 * @param paddingIndex row that gets no gradient
 * @returns [...ids, width]
 */
export function embedding(table: tf.Tensor, ids: tf.Tensor, paddingIndex?: number): tf.Tensor {
  const [rows, width] = table.shape as [number, number];
  return tf.customGrad((weights, save) => {
    (save as tf.GradSaveFunc)([ids]);
    return {
      value: rawOp('GatherV2', [weights as tf.Tensor, ids, tf.scalar(0, 'int32')], {
        Tparams: FLOAT,
        Tindices: INT,
        Taxis: INT,
      }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const flat = tf.reshape(saved[0], [-1]);
        // UnsortedSegmentSum ignores negative segments.
        const segments =
          paddingIndex === undefined
            ? flat
            : tf.where(tf.equal(flat, paddingIndex), tf.fill(flat.shape, -1, 'int32'), flat);
        return rawOp(
          'UnsortedSegmentSum',
          [tf.reshape(dy, [-1, width]), segments, tf.scalar(rows, 'int32')],
          { T: FLOAT, Tindices: INT, Tnumsegments: INT },
        );
      },
    };
  })(table);
}
