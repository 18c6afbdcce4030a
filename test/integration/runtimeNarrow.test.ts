/** Values that matrix products round to 16 bits stay so while they are moved. */
import * as tf from '@tensorflow/tfjs';
import { expect, it, onTestFinished } from 'vitest';
import { asOperand, scaledBy } from '../../src/runtime/trace/tracer';
import type { OpTiming } from '../../src/runtime/tensorflow/stepStats';
import { openSession, wave } from './runtimeSupport';

const matrix = { shape: [8, 8], dtype: 'float32' } as const;

it('transposes and scales products in bfloat16 without a cast, with identical results', async () => {
  const session = await openSession({ precision: 'bf16', threads: 1 });
  onTestFinished(() => session.dispose());
  const [a, b, c] = [0.37, 0.59, 0.83].map((step) => wave(64, step));
  const apart = session.compile({
    name: 'product',
    inputs: { a: matrix, b: matrix },
    build: ({ a, b }) => ({ y: tf.matMul(a, b) }),
  });
  const { y = new Float32Array() } = await apart.run({ a, b });
  const moved = session.compile({
    name: 'moved',
    inputs: { y: matrix, c: matrix },
    build: ({ y, c }) => {
      const turned = tf.mul(tf.transpose(tf.reshape(y, [2, 4, 8]), [1, 0, 2]), 0.125);
      return { z: tf.matMul(tf.reshape(turned, [8, 8]), c) };
    },
  });
  const together = session.compile({
    name: 'together',
    inputs: { a: matrix, b: matrix, c: matrix },
    build: ({ a, b, c }) => {
      const product = asOperand(tf.matMul(a, b));
      const turned = scaledBy(tf.transpose(tf.reshape(product, [2, 4, 8]), [1, 0, 2]), 0.125);
      return { z: tf.matMul(tf.reshape(turned, [8, 8]), c) };
    },
  });
  let timings: OpTiming[] = [];
  const { z } = await together.run({ a, b, c }, (measured) => (timings = measured));
  expect(z).toEqual((await moved.run({ y, c }))['z']);
  // a, b, c and what is returned.
  expect(timings.filter(({ op }) => op === 'Cast')).toHaveLength(4);
});
