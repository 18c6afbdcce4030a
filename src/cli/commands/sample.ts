import { generateSample } from '../../data/sample/generateSample';
import { ExitCode } from '../../util/userError';
import { withStopSignal } from '../stopSignal';
import { createProgress } from '../progress';
import { userPath } from '../userPath';

export interface SampleCommandOptions {
  seed?: number;
}

/** `nlvr sample`: creates the sample data set. */
export async function sample(folder: string, options: SampleCommandOptions): Promise<void> {
  const progress = createProgress('Drawing');
  try {
    await withStopSignal(async (signal) => {
      try {
        const { pictures, examples } = await generateSample(userPath(folder), {
          ...(options.seed !== undefined && { seed: options.seed }),
          signal,
          onProgress: (done, total) => progress.show(done, total),
        });
        progress.done();
        const sets = Object.entries(examples).map(
          ([part, count]) => `${part} ${count.toLocaleString('en')}`,
        );
        process.stdout.write(
          `Created ${pictures.toLocaleString('en')} images in ${folder}; examples: ${sets.join(', ')}.\nTrain on them with: nlvr train --config ${folder}/nlvr.yaml\n`,
        );
      } catch (error) {
        if (!signal.aborted) throw error;
        process.exitCode = ExitCode.stopped;
      }
    });
  } finally {
    progress.done();
  }
}
