import { basename, dirname, extname, join, resolve } from 'node:path';
import { version } from '../../../package.json';
import { importPredictions, type ImportResult } from '../../analysis/import/importPredictions';
import { placeOf } from '../../analysis/import/answerRows';
import { configPaths } from '../../config/paths';
import type { Split } from '../../data/split';
import { runFolderName } from '../../run/runName';
import { inEnglish } from '../../util/localize';
import { loadConfiguration } from '../loadConfiguration';
import { percent } from '../../analysis/numberFormat';
import { requireOutputFolder } from '../outputPath';
import { importCurvesOf } from './importCurves';
import type { CurveMapping } from '../../run/curves/curveNames';
import { UserError } from '../../util/userError';

export interface ImportOptions {
  config?: string;
  split?: Split;
  curve: CurveMapping;
  output_dir?: string;
  name?: string;
  epoch?: number;
  overwrite?: boolean;
  json?: boolean;
  set: string[];
}

/** `nlvr import`. Imports predictions when a split is specified, otherwise curves. */
export async function importFile(file: string, options: ImportOptions): Promise<void> {
  const { config, split } = options;
  if (config === undefined && split === undefined) return importCurvesOf(file, options);
  if (config === undefined || split === undefined)
    throw new UserError(
      `Predictions need --config and --split; ${config === undefined ? '--config' : '--split'} is missing.`,
      { hint: 'Omit both to import curves.' },
    );
  await importPredictionFile(file, { ...options, config, split });
}

async function importPredictionFile(
  file: string,
  options: ImportOptions & { config: string; split: Split },
): Promise<void> {
  const loaded = loadConfiguration({ config: options.config, set: options.set });
  const source = resolve(file);
  const name = options.name ?? basename(source, extname(source));
  const { outputDir } = configPaths(loaded.config, loaded.folder);
  const folder = resolve(options.output_dir ?? join(dirname(outputDir), runFolderName(name)));
  requireOutputFolder(folder);
  const result = await importPredictions({
    file: source,
    loaded,
    split: options.split,
    folder,
    name,
    epoch: options.epoch ?? null,
    overwrite: options.overwrite === true,
    version,
  });
  process.stdout.write(
    options.json ? `${JSON.stringify(result.report)}\n` : `${reportLines(result).join('\n')}\n`,
  );
}

/** Maximum number of unusable rows that are printed. */
const MAX_ROWS_SHOWN = 10;

function reportLines({ report, problems, unit }: ImportResult): string[] {
  const n = (value: number): string => value.toLocaleString('en');
  const consistency =
    report.consistency === null ? '' : `, consistency ${percent(report.consistency)}`;
  const lines = [
    `${report.split}: ${n(report.matched)} of ${n(report.examples)} examples have an answer (${n(report.rows)} rows, ${report.format}).`,
    `Accuracy ${percent(report.accuracy)}${consistency}.`,
    ...report.notes.map(({ message }) => message),
  ];
  const counts = [
    [report.unmatched, '1 row matches no example.', 'rows match no example.'],
    [report.doubled, '1 row repeats an example.', 'rows repeat an example.'],
    [report.unusable, '1 row has no answer.', 'rows have no answer.'],
  ] as const;
  for (const [count, one, several] of counts)
    if (count > 0) lines.push(count === 1 ? one : `${n(count)} ${several}`);
  for (const { place, reason } of problems.slice(0, MAX_ROWS_SHOWN))
    lines.push(`  ${inEnglish(placeOf(unit, place))}: ${inEnglish(reason)}`);
  if (problems.length > MAX_ROWS_SHOWN)
    lines.push(`  … and ${n(problems.length - MAX_ROWS_SHOWN)} more: ${report.report}`);
  lines.push(`Run: ${report.run}`);
  return lines;
}
