import * as tf from '@tensorflow/tfjs';
import { momentNames } from '../../runtime/optimizer/adamW';
import type { CheckpointSource } from './checkpoints';

/** Sets AdamW's moments of all trained parameters to zero, as in a new optimizer. */
export async function resetOptimizer({ session, trainable }: CheckpointSource): Promise<void> {
  const program = session.compile({
    name: 'reset_moments',
    inputs: {},
    build: (_inputs, scope) => {
      for (const name of trainable)
        for (const moment of momentNames(name))
          scope.assign(moment, tf.zeros([...session.shapeOf(moment)]));
      return {};
    },
  });
  await program.run({});
}
