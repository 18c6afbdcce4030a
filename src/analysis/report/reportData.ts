/** Loads the data of a report. Numbers of predictions are those of `nlvr analyze` and `nlvr compare`. */
import { sep } from 'node:path';
import { yamlText } from '../../config/describe';
import { flatConfig, type FlatConfig } from '../../config/flat';
import { definitionOf } from '../../config/keys';
import { parseConfig } from '../../config/parse';
import { folderOfRun } from '../../run/import/blipFolder';
import { readCurves, type Curves } from '../../run/curves/exportCurves';
import type { Prediction } from '../../run/predictions';
import { readRun, type ReadRun } from '../../run/read/readRun';
import { readFlatConfig } from '../../run/runConfig';
import { runPaths } from '../../run/runPaths';
import { localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';
import { analyze, type Analysis, type AnalysisOptions, type AnalysisResult } from '../analyze';
import { compare, type Comparison } from '../compare';
import { openAnalyzedRun, type EpochSelector } from '../runPredictions';

export interface ReportRequest extends AnalysisOptions {
  /** Absolute path of the run folder. */
  run: string;
  epoch: EpochSelector;
  /** Absolute path of the run to compare with. */
  compareWith?: string;
  /** Its predictions; by default those of its best epoch if `epoch` is 'best', otherwise the newest. */
  epochB?: EpochSelector;
  /** Number of wrong predictions to show. */
  worst: number;
}

/** A key of the configuration. */
export interface ConfigRow {
  key: string;
  value: string;
  /** null if the definition has none. */
  defaultValue: string | null;
}

/** A wrong prediction. */
export interface WorstExample extends Pick<
  Prediction,
  'identifier' | 'sentence' | 'images' | 'label' | 'prediction'
> {
  /** Probability of the label; null if unknown. */
  probLabel: number | null;
}

export interface Report {
  /** Absolute path. */
  folder: string;
  run: ReadRun;
  /** Keys that differ from their defaults, and the others; null if the run has no configuration. */
  config: { changed: ConfigRow[]; others: ConfigRow[] } | null;
  /** null if the run has none. */
  curves: Curves | null;
  /** A message if there is no analysis. */
  analysis: Analysis | MessageText;
  comparison: Comparison | null;
  /** Most confident first; `wrong` is the total number. */
  worst: WorstExample[];
  wrong: number;
  /** Absolute; null if unknown. */
  imageRoot: string | null;
}

/** Loads a report. @throws {UserError} if there is no run, or it has predictions but not the selected ones */
export async function loadReport(request: ReportRequest): Promise<Report> {
  const folder = request.run;
  const run = await readRun(folder);
  if (!run)
    throw new UserError(localize('{0} does not contain a run.', folder), {
      hint: localize('Specify a run folder, which contains run.json.'),
    });
  const result = await tryAnalyze(request);
  const comparison =
    request.compareWith === undefined
      ? null
      : (
          await compare({
            ...request,
            a: folder,
            b: request.compareWith,
            epochA: request.epoch,
            epochB: request.epochB ?? (request.epoch === 'best' ? 'best' : 'last'),
          })
        ).comparison;
  const wrong = 'analysis' in result ? wrongOf(result) : [];
  return {
    folder,
    run,
    config: configOf(await readFlatConfig(folderOfRun(folder))),
    curves: await readCurves(folder, run.info.kind).catch((error: unknown) => {
      // A run may have no curves yet, and the source of imported ones may be missing.
      if (error instanceof UserError) return null;
      throw error;
    }),
    analysis: 'analysis' in result ? result.analysis : result.missing,
    comparison,
    worst: wrong.slice(0, request.worst),
    wrong: wrong.length,
    imageRoot: (await runPaths(folder, run.info.configFile))?.imageRoot ?? null,
  };
}

/** Analyzes a run; a message if it has no predictions, because it still has curves and a configuration. */
async function tryAnalyze(
  request: ReportRequest,
): Promise<AnalysisResult | { missing: MessageText }> {
  const without = await openAnalyzedRun(request.run).then(
    () => null,
    (error: unknown) => {
      if (error instanceof UserError) return { missing: error.messageText };
      throw error;
    },
  );
  return without ?? (await analyze(request));
}

/** Wrong predictions, most confident first; those without a probability last, in annotation order. */
function wrongOf({ examples, predictions }: AnalysisResult): WorstExample[] {
  return examples
    .flatMap(({ right, probLabel }, row) => {
      const { identifier, sentence, images, label, prediction } = predictions[row];
      return right ? [] : [{ identifier, sentence, images, label, prediction, probLabel }];
    })
    .sort((a, b) => (a.probLabel ?? 1) - (b.probLabel ?? 1));
}

function configOf(config: FlatConfig): Report['config'] {
  if (config.size === 0) return null;
  const defaults = flatConfig(parseConfig('').config, sep);
  const rows = [...config].map(([key, value]): ConfigRow => {
    const definition = definitionOf(key);
    // Default paths are not relative to a folder.
    if (definition?.kind === 'path')
      return { key, value, defaultValue: yamlText(definition.default) || null };
    // `vit` is a name by default, and may be a mapping.
    const [mapping] = key.split('.');
    return { key, value, defaultValue: defaults.get(key) ?? defaults.get(mapping) ?? null };
  });
  const isChanged = ({ value, defaultValue }: ConfigRow): boolean => value !== (defaultValue ?? '');
  return { changed: rows.filter(isChanged), others: rows.filter((row) => !isChanged(row)) };
}
