import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLibrary } from '../../src/runtime/library';
import { Session } from '../../src/runtime/session';

describe('Session', () => {
  let session: Session;
  beforeAll(async () => {
    session = await Session.open({
      library: await findLibrary(),
      device: 'cpu',
      precision: 'fp32',
      xla: false,
      threads: 0,
    });
  });
  afterAll(() => session.dispose());

  it('runs recorded TensorFlow.js code on variables and feeds', async () => {
    session.variable('w', [2, 2]);
    await session.assign([['w', Float32Array.of(1, 2, 3, 4)]]);
    const program = session.compile({
      name: 'affine',
      inputs: { x: { shape: [3, 2], dtype: 'float32' }, bytes: { shape: [3], dtype: 'uint8' } },
      build: ({ x, bytes }, scope) => {
        const y = tf.add(tf.matMul(x as tf.Tensor2D, scope.param('w') as tf.Tensor2D), 1);
        return { y, sum: tf.sum(y), half: tf.div(bytes, 2), i: tf.cast(y, 'int32') };
      },
    });
    const result = await program.run({
      x: Float32Array.of(1, 0, 0, 1, 1, 1),
      bytes: Uint8Array.of(1, 2, 255),
    });
    expect([...(result['y'] ?? [])]).toEqual([2, 3, 4, 5, 5, 7]);
    expect(result['sum']).toEqual(Float32Array.of(26));
    expect(result['half']).toEqual(Float32Array.of(0.5, 1, 127.5));
    expect(result['i']).toEqual(Int32Array.of(2, 3, 4, 5, 5, 7));
  });
});
