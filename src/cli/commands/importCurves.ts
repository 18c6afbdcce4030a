import { basename, extname, join, resolve } from 'node:path';
import { version } from '../../../package.json';
import { importCurves, type CurvesReport } from '../../run/curves/importCurves';
import { CURVES, type CurveMapping } from '../../run/curves/curveNames';
import { isEventFile } from '../../run/tensorboard/logFolder';
import { runFolderName } from '../../run/runName';
import { NoCurvesError } from '../../run/curves/csvSource';
import { inEnglish } from '../../util/localize';
import { UserError } from '../../util/userError';
import { percent } from '../../analysis/numberFormat';
import { requireOutputFolder } from '../outputPath';
import { userPath } from '../userPath';

export interface ImportCurvesOptions {
  curve: CurveMapping;
  output_dir?: string;
  name?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** `nlvr import` of curves from TensorBoard event files or a CSV table. */
export async function importCurvesOf(path: string, options: ImportCurvesOptions): Promise<void> {
  const source = userPath(path);
  const name = options.name ?? defaultRunName(source);
  const folder = options.output_dir
    ? userPath(options.output_dir)
    : resolve(join('output', runFolderName(name)));
  requireOutputFolder(folder);
  const { report, problems } = await importCurves({
    source,
    overrides: options.curve,
    folder,
    name,
    overwrite: options.overwrite === true,
    version,
  }).catch((error: unknown) => {
    // This is also the error for a predictions file without --config and --split.
    if (!(error instanceof NoCurvesError)) throw error;
    throw new UserError(error.messageText, {
      hint: `${error.hint} Predictions need --config and --split.`,
      cause: error,
    });
  });
  for (const problem of problems) process.stderr.write(`nlvr: ${inEnglish(problem)}\n`);
  process.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : `${reportLines(report).join('\n')}\n`,
  );
}

/** The default name of the run: that of the log folder or CSV file, or of the folder of an event file. */
function defaultRunName(source: string): string {
  const named = isEventFile(source) ? resolve(source, '..') : source;
  return basename(named, extname(named) === '.csv' ? '.csv' : '');
}

function reportLines({
  run,
  curves,
  others,
  inPercent,
  steps,
  epochs,
  best,
}: CurvesReport): string[] {
  const n = (value: number): string => value.toLocaleString('en');
  const known = CURVES.flatMap((curve) => {
    const scalar = curves[curve];
    return scalar === undefined ? [] : [`  ${curve}: ${scalar}`];
  });
  const accuracy = best === null ? '' : `, best validation accuracy ${percent(best)}`;
  return [
    `${n(steps)} steps, ${n(epochs)} epochs${accuracy}.`,
    'Curves, and the scalars that they are read from:',
    ...known,
    ...(inPercent.length > 0 ? [`Interpreted as percent: ${inPercent.join(', ')}.`] : []),
    ...(others.length > 0
      ? [
          `Other scalars: ${others.join(', ')}.`,
          `Choose one with --overwrite --curve, for example --curve 'accuracy/val=${others[0]}'.`,
        ]
      : []),
    `Run: ${run}`,
  ];
}
