import { resolve } from 'node:path';
import { generateSample } from '../../data/sample/generate';
import { withStopSignal } from '../interrupt';
import { createProgress } from '../progress';

/** `nlvr sample`: makes the sample data set. */
export async function sample(folder: string, options: { seed?: number }): Promise<void> {
  const progress = createProgress('Drawing');
  try {
    await withStopSignal((signal) =>
      generateSample(resolve(folder), {
        ...(options.seed !== undefined && { seed: options.seed }),
        signal,
        onProgress: ({ done, total }) => progress.show(done, total),
      }),
    );
  } finally {
    progress.done();
  }
  process.stdout.write(
    `Made the sample data set in ${folder}. Train it with: nlvr train --config ${folder}/nlvr.yaml\n`,
  );
}
