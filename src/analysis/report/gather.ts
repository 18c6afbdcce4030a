/** What a report says of a run. Numbers of predictions are those of `nlvr analyze` and `nlvr compare`. */
import { sep } from 'node:path';
import { yamlText } from '../../config/describe';
import { flatConfig, type FlatConfig } from '../../config/flat';
import { definitionOf } from '../../config/keys';
import { parseConfig } from '../../config/parse';
import { folderOfRun } from '../../run/import/blipFolder';
import { curvesOf, type Curves } from '../../run/curves/exportCurves';
import type { Prediction } from '../../run/predictions';
import { readRun, type ReadRun } from '../../run/read/readRun';
import { readFlatConfig } from '../../run/runConfig';
import { runPaths } from '../../run/runPaths';
import { localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';
import { analyze, type Analysis, type AnalysisOptions, type AnalysisResult } from '../analyze';
import { compare, type Comparison } from '../compare';
import { openAnalysedRun, type WantedEpoch } from '../runPredictions';

export interface ReportRequest extends AnalysisOptions {
  /** Absolute path of the run folder. */
  run: string;
  epoch: WantedEpoch;
  /** Absolute path of the run that it is compared with. */
  compareWith?: string;
  /** Its predictions; by default those of its best epoch where `epoch` is 'best', else the newest. */
  epochB?: WantedEpoch;
  /** Wrong answers that are shown. */
  worst: number;
}

/** A key of the configuration. */
export interface ConfigRow {
  key: string;
  value: string;
  /** null where the definition has none. */
  byDefault: string | null;
}

/** A wrong answer. */
export interface WorstExample extends Pick<
  Prediction,
  'identifier' | 'sentence' | 'images' | 'label' | 'prediction'
> {
  /** Probability of the label; null where it is not known. */
  probLabel: number | null;
}

export interface Report {
  /** Absolute path. */
  folder: string;
  run: ReadRun;
  /** Keys with other values than by default, and the others; null where the run has no configuration. */
  config: { changed: ConfigRow[]; others: ConfigRow[] } | null;
  /** null where the run has none. */
  curves: Curves | null;
  /** Why there is none, in its place. */
  analysis: Analysis | MessageText;
  comparison: Comparison | null;
  /** The surest first; of `wrong` in all. */
  worst: WorstExample[];
  wrong: number;
  /** Absolute; null where it is not known. */
  imageRoot: string | null;
}

/** @throws {UserError} when there is no run, or no such predictions of it although it has some. */
export async function gatherReport(request: ReportRequest): Promise<Report> {
  const folder = request.run;
  const run = await readRun(folder);
  if (!run)
    throw new UserError(localize('{0} does not contain a run.', folder), {
      hint: localize('Specify a run folder, which contains run.json.'),
    });
  const result = await analysed(request);
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
    curves: await curvesOf(folder, run.info.kind).catch((error: unknown) => {
      // A run may have none yet, and those that were imported may be out of reach.
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

/** A run that has no predictions at all still has curves and a configuration. */
async function analysed(
  request: ReportRequest,
): Promise<AnalysisResult | { missing: MessageText }> {
  const without = await openAnalysedRun(request.run).then(
    () => null,
    (error: unknown) => {
      if (error instanceof UserError) return { missing: error.messageText };
      throw error;
    },
  );
  return without ?? (await analyze(request));
}

/** Sure answers before unsure ones, then those without a probability, in annotation order. */
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
    // Paths of the definition start nowhere in particular.
    if (definition?.kind === 'path')
      return { key, value, byDefault: yamlText(definition.default) || null };
    // `vit` is one word by default, and may be a mapping.
    const [mapping] = key.split('.');
    return { key, value, byDefault: defaults.get(key) ?? defaults.get(mapping) ?? null };
  });
  const isChanged = ({ value, byDefault }: ConfigRow): boolean => value !== (byDefault ?? '');
  return { changed: rows.filter(isChanged), others: rows.filter((row) => !isChanged(row)) };
}
