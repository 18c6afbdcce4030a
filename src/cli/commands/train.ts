import { evaluatedSplits } from '../../train/datasets';
import { pretrainedOf, requireLibrary } from '../../train/modelSession';
import { runTraining } from '../../train/runTraining';
import { ExitCode, UserError } from '../../util/userError';
import { configPaths } from '../../config/paths';
import { configuration, type CommonOptions } from '../configuration';
import { createProgress } from '../progress';
import { formatBytes } from '../../train/diskSpace';
import { finalReport } from '../finalReport';
import { createTerminal } from '../terminal';
import { evaluateAndReport } from './evaluate';

export interface TrainOptions extends CommonOptions {
  output_dir?: string;
  pretrained?: string;
  evaluate?: boolean;
  resume?: boolean;
  overwrite?: boolean;
  seed?: number;
}

/** `nlvr train`, and with `--evaluate` BLIP's evaluation of `pretrained`. */
export async function train(options: TrainOptions): Promise<void> {
  const loaded = configuration(options);
  if (options.resume && options.overwrite)
    throw new UserError('--resume and --overwrite exclude each other.');
  const library = await requireLibrary(options.tensorflow);
  if (options.evaluate) {
    const source = pretrainedOf(loaded);
    if (source === undefined)
      throw new UserError('--evaluate needs weights to evaluate.', {
        hint: 'Set `pretrained` or give --pretrained.',
      });
    await evaluateAndReport({
      loaded,
      library,
      checkpoint: source,
      outputDir: configPaths(loaded.config, loaded.folder).outputDir,
      // As with BLIP, a training may follow into the same folder.
      asRun: false,
      splits: evaluatedSplits(loaded),
    });
    return;
  }
  const terminal = createTerminal(process.stdout);
  const images = createProgress('Checking images');
  const download = createProgress('Downloading the pretrained weights');
  try {
    const outcome = await runTraining({
      checks: {
        onProgress: ({ phase, done, total }) => phase === 'images' && images.show(done, total),
      },
      loaded,
      library,
      mode: options.resume ? 'resume' : options.overwrite ? 'overwrite' : 'new',
      observe: (event) => terminal.show(event),
      onDownload: ({ received, total }) =>
        download.show(received, total ?? 0, formatBytes(received)),
      onStopRequested: () =>
        process.stderr.write(
          '\nStopping: the step is finished and everything saved. Once more ends at once.\n',
        ),
      onSaveRequested: () =>
        process.stderr.write('\nA signal asks to save: the step is saved, the training goes on.\n'),
    });
    terminal.done();
    if (outcome) process.stdout.write(finalReport(outcome));
    else process.stderr.write('Stopped before the training began: nothing was written.\n');
    if (outcome?.state !== 'finished') process.exitCode = ExitCode.stopped;
  } finally {
    images.done();
    download.done();
    terminal.done();
  }
}
