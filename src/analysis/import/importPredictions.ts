/** Creates a run from a file of predictions from any source, to inspect and compare it like any other run. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { LoadedConfig } from '../../config/load';
import { dumpConfig } from '../../config/dump';
import { configPaths } from '../../config/paths';
import { loadWholeSplit } from '../../data/loadSplit';
import type { Example } from '../../data/types';
import type { Split } from '../../run/events';
import {
  relativeImages,
  writePredictionLines,
  type WrittenPrediction,
} from '../../run/predictions';
import { RunFolder } from '../../run/runFolder';
import { RunWriter } from '../../run/record/runWriter';
import { writeFileAtomic } from '../../util/atomicFile';
import { makeFolder } from '../../util/diskError';
import {
  inEnglish,
  storedMessage,
  localize,
  type StoredMessage,
  type MessageText,
} from '../../util/localize';
import { UserError } from '../../util/userError';
import { crossEntropyOf, measurePredictions, type Metrics } from '../metrics';
import { mergeMetrics } from '../metricsFile';
import { parseAnswers, type Answer } from './answers';
import { placeOf, readAnswerFile } from './answerRows';
import { joinRows, type Joined, type RowProblem } from './join';

export interface ImportRequest {
  /** Absolute path of the file of predictions. */
  file: string;
  loaded: LoadedConfig;
  split: Split;
  /** Absolute path of the run folder: a new one, or one with imports. */
  folder: string;
  name: string;
  /** Epoch (from 0) after which the predictions were made; null for a stand-alone evaluation. */
  epoch: number | null;
  /** Replaces predictions of the same split and epoch. */
  overwrite: boolean;
  /** Version of this program, for `run.json`. */
  version: string;
}

/** The result of an import; `imports/<set>.json` also has every unusable row. */
export interface ImportReport {
  run: string;
  split: Split;
  epoch: number | null;
  source: string;
  format: string;
  joinedBy: Joined['by'];
  /** Rows of the file, and examples of the split. */
  rows: number;
  examples: number;
  /** Examples with a prediction. */
  matched: number;
  /** Rows that match no example, or several. */
  unmatched: number;
  /** Rows for an example with an earlier row. */
  doubled: number;
  /** Rows without a usable prediction. */
  unusable: number;
  /** Examples without a prediction; accuracy and consistency exclude them. */
  missing: number;
  accuracy: number | null;
  consistency: number | null;
  /** Assumptions about the file, and other remarks. */
  notes: StoredMessage[];
  /** Absolute path of the report with every row. */
  report: string;
}

export interface ImportResult {
  report: ImportReport;
  problems: readonly RowProblem[];
  unit: 'line' | 'element';
}

/**
 * Reads the file, joins its rows to examples, computes metrics and writes the run. Writes nothing if the file is unusable.
 * @throws {UserError} with file and line, if the file is not a file of predictions, does not match the split, or the
 *   folder contains something else
 */
export async function importPredictions(request: ImportRequest): Promise<ImportResult> {
  const { file, loaded, split, epoch } = request;
  const folder = new RunFolder(request.folder);
  const mode = requireNewSet(folder, request);
  const dataset = await loadWholeSplit(loaded, split);
  const answerFile = await readAnswerFile(file);
  const { answers, notes } = parseAnswers(file, answerFile);
  const unusable = answers.flatMap((answer, i): RowProblem[] =>
    'problem' in answer
      ? [{ place: answerFile.rows[i].place, kind: 'unusable', reason: answer.problem }]
      : [],
  );
  if (unusable.length === answers.length)
    throw new UserError(
      localize(
        'No row of {0} has a usable answer: {1}: {2}.',
        file,
        placeOf(answerFile.unit, unusable[0].place),
        unusable[0].reason,
      ),
    );
  const joined = joinRows(file, answerFile, dataset, (row) => !('problem' in answers[row]));
  const matched = dataset.examples.flatMap((example, i): Matched[] => {
    const answer = joined.rowOf[i] < 0 ? undefined : answers[joined.rowOf[i]];
    return answer === undefined || 'problem' in answer ? [] : [{ example, answer }];
  });
  notes.push(...matchNotes(joined, matched, dataset.examples.length));
  const examples = matched.map(({ example }) => example);
  const metrics = finiteLoss(
    measurePredictions(examples, (i) => ({
      prediction: matched[i].answer.prediction,
      loss: crossEntropyOf(matched[i].answer.logits, examples[i].label),
    })),
  );
  const problems = [...unusable, ...joined.problems].sort((a, b) => a.place - b.place);
  const count = (...kinds: RowProblem['kind'][]) =>
    problems.filter(({ kind }) => kinds.includes(kind)).length;
  const report: ImportReport = {
    run: folder.root,
    split,
    epoch,
    source: file,
    format: answerFile.format,
    joinedBy: joined.by,
    rows: answerFile.rows.length,
    examples: dataset.examples.length,
    matched: matched.length,
    unmatched: count('unmatched', 'ambiguous'),
    doubled: count('doubled'),
    unusable: unusable.length,
    missing: dataset.examples.length - matched.length,
    accuracy: metrics.accuracy,
    consistency: metrics.consistency,
    notes: notes.map(storedMessage),
    report: reportFile(folder, split, epoch),
  };
  const answered = new Set(examples);
  write(request, mode, matched, metrics, {
    ...report,
    problems: problems.map(({ place, kind, reason }) => ({
      [answerFile.unit]: place,
      kind,
      reason: inEnglish(reason),
    })),
    missingExamples: dataset.examples
      .filter((example) => !answered.has(example))
      .map(({ identifier }) => identifier),
  });
  return { report, problems, unit: answerFile.unit };
}

interface Matched {
  example: Example;
  answer: Answer;
}

/** Checks that the predictions do not exist yet. @throws {UserError} if they exist and may not be replaced */
function requireNewSet(folder: RunFolder, request: ImportRequest): 'new' | 'again' {
  const { split, epoch, overwrite } = request;
  if (!existsSync(folder.imports)) return 'new';
  if (!overwrite && existsSync(folder.predictionsOf(split, epoch)))
    throw new UserError(
      epoch === null
        ? localize('{0} already has predictions of {1}. They were not changed.', folder.root, split)
        : localize(
            '{0} already has predictions of {1} after epoch {2}. They were not changed.',
            folder.root,
            split,
            epoch,
          ),
      {
        hint: localize(
          'Choose another epoch, name or output folder, or replace them with --overwrite.',
        ),
      },
    );
  return 'again';
}

function reportFile(folder: RunFolder, split: Split, epoch: number | null): string {
  const name = relative(folder.predictions, folder.predictionsOf(split, epoch));
  return join(folder.imports, name.replace(/\.jsonl$/, '.json'));
}

/** Notes about how the rows were matched. */
function matchNotes(joined: Joined, matched: readonly Matched[], examples: number): MessageText[] {
  const notes: MessageText[] = [];
  if (joined.by === 'order')
    notes.push(localize('The rows have no identifiers. They are matched in annotation order.'));
  if (joined.by === 'confirmed order')
    notes.push(
      localize(
        'The annotations have no identifiers. The rows are matched in annotation order, which the image pairs in their identifiers confirm.',
      ),
    );
  if (joined.by === 'content')
    notes.push(localize('The rows were matched by their images and sentences.'));
  const differing = matched.filter(
    ({ example, answer }) => answer.label !== null && answer.label !== example.label,
  );
  if (differing.length > 0)
    notes.push(
      localize(
        'Rows whose label differs from the annotations: {0}, such as {1}. The annotations are used.',
        differing.length,
        differing[0].example.identifier,
      ),
    );
  if (matched.length < examples)
    notes.push(
      localize(
        'Accuracy and consistency cover part of the split: {0} of {1} examples have an answer.',
        matched.length,
        examples,
      ),
    );
  return notes;
}

/** Replaces a loss that is not finite, as without probabilities, by null. */
function finiteLoss(metrics: Metrics): Metrics {
  const { loss } = metrics;
  return { ...metrics, loss: loss !== null && Number.isFinite(loss) ? loss : null };
}

function write(
  { loaded, split, epoch, name, version }: ImportRequest,
  mode: 'new' | 'again',
  matched: readonly Matched[],
  metrics: Metrics,
  report: ImportReport & Record<string, unknown>,
): void {
  const writer = RunWriter.open({
    root: report.run,
    kind: 'evaluate',
    name,
    configFile: loaded.file,
    configHash: loaded.hash,
    configText: dumpConfig({ ...loaded.config, output_dir: report.run }, loaded.folder),
    version,
    mode,
  });
  const { folder } = writer;
  const { imageRoot } = configPaths(loaded.config, loaded.folder);
  try {
    makeFolder(folder.imports);
    const file = folder.predictionsOf(split, epoch);
    writePredictionLines(file, matched.length, (i) => predictionOf(matched[i], split, imageRoot));
    mergeMetrics(folder.metrics, { [split]: metrics }, { run: null, epoch, checkpoint: null });
    // An epoch counts as one step, as in runs of BLIP's log, which has no steps either.
    const step = epoch === null ? 0 : epoch + 1;
    writer.event({
      type: 'eval',
      split,
      epoch,
      step,
      ...metrics,
      seconds: 0,
      predictions: relative(folder.root, file),
    });
    updateBest(writer, split, epoch, metrics);
    writeFileAtomic(report.report, JSON.stringify(report, null, 2) + '\n');
    writer.close('finished');
  } catch (error) {
    writer.close('failed');
    throw error;
  }
}

/** Updates the best epoch by validation accuracy; an import without an epoch always replaces it. */
function updateBest(writer: RunWriter, split: Split, epoch: number | null, metrics: Metrics): void {
  const { best } = writer.info;
  const { accuracy, consistency } = metrics;
  if (accuracy === null) return;
  if (split === 'test') {
    if (best?.epoch === (epoch ?? 0)) writer.update({ best: { ...best, testAccuracy: accuracy } });
    return;
  }
  if (split !== 'val') return;
  const same = best?.epoch === (epoch ?? 0);
  if (best && !same && epoch !== null && accuracy <= best.accuracy) return;
  writer.update({
    best: {
      epoch: epoch ?? 0,
      step: epoch === null ? 0 : epoch + 1,
      accuracy,
      consistency,
      testAccuracy: same ? best.testAccuracy : null,
    },
  });
}

function predictionOf(
  { example, answer }: Matched,
  split: Split,
  imageRoot: string,
): WrittenPrediction {
  const { probTrue, logits } = answer;
  return {
    identifier: example.identifier,
    index: example.index,
    split,
    sentence: example.sentence,
    images: relativeImages(example.images, imageRoot),
    label: example.label,
    prediction: answer.prediction,
    ...(Number.isFinite(probTrue) && { prob_true: probTrue }),
    ...(logits.every(Number.isFinite) && { logits }),
    ...(example.group !== null && { group: example.group }),
  };
}
