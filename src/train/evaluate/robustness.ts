/** Tests the robustness of a checkpoint: how its answers depend on changes of the images and the sentence. */
import type { LoadedConfig } from '../../config/load';
import { missingParts } from '../../config/modelParts';
import { isUrl } from '../../config/paths';
import {
  robustnessNumbers,
  sentenceIn,
  ROBUSTNESS_TESTS,
  type RobustnessTest,
} from '../../analysis/robustness';
import {
  ROBUSTNESS_VERSION,
  writeRobustness,
  type RobustnessResult,
} from '../../analysis/robustnessFile';
import { LENGTH_MULTIPLE } from '../../data/loader/createLoader';
import { epochOrder } from '../../data/order';
import { cleanCaption } from '../../data/text/caption';
import { encodeTexts, type EncodedTexts } from '../../data/text/encodeTexts';
import { defaultTokenizer } from '../../data/text/tokenizer';
import type { Dataset } from '../../data/types';
import { meanImage } from '../../model/blipNlvr';
import { readModelConfig } from '../../model/config';
import type { LoadReport } from '../../model/loadRules';
import { readRunInfo } from '../../run/read/migrate';
import type { Split } from '../../run/events';
import { RunFolder } from '../../run/runFolder';
import type { Library } from '../../runtime/install/library';
import { localize } from '../../util/localize';
import { isAbortError, UserError } from '../../util/userError';
import { checkWeights } from '../checkpoint/checkWeights';
import { loadDatasets } from '../data/datasets';
import { unchangedInputs, BLANK, Evaluator, type EvaluationBatch, type Variant } from './evaluator';
import { requireFiniteLogits } from './finiteLogits';
import { initializeWeights, openModelSession } from '../modelSession';
import { weightsPath } from '../checkpoint/weightsPath';
import { NlvrPrograms } from '../programs';
import { RunData } from '../data/runData';

/** Seed of the sample of examples, so that it is the same each time. */
const SEED = 42;

export interface RobustnessRequest {
  loaded: LoadedConfig;
  library: Library;
  /** `.pth`, `.safetensors`, run folder or address. */
  checkpoint: string;
  split: Split;
  /** Number of examples to sample; undefined for all. */
  limit?: number | undefined;
  /** Run folder to write the result to; undefined: it is not written. */
  folder?: string | undefined;
  /** Whether parameters that the checkpoint lacks may get random values; the result then notes it. */
  allowMissing: boolean;
  signal?: AbortSignal;
  onLoaded?(report: LoadReport | undefined): void;
  /** Called when `done` of `total` examples have all their answers. */
  onProgress?(done: number, total: number): void;
}

export interface RobustnessOutcome {
  result: RobustnessResult;
  /** File of the result, if it was written. */
  file: string | undefined;
}

/**
 * Classifies each pair unchanged and in each test. Each image is encoded once for all of them.
 * @returns undefined when it was stopped; nothing is written then.
 * @throws {UserError} and runtime errors; also when the folder contains another run at the end.
 */
export async function testRobustness(
  request: RobustnessRequest,
): Promise<RobustnessOutcome | undefined> {
  const { loaded, split, limit, checkpoint, allowMissing, signal } = request;
  const { config } = loaded;
  const began = performance.now();
  const run = await runIdOf(request.folder);
  await checkWeights(checkpoint, readModelConfig(config, loaded.folder), allowMissing);
  const whole = (await loadDatasets(loaded, [split]))[split];
  const { dataset, indices } = sampleExamples(whole, limit);
  const opened = await openModelSession(request);
  const data = await RunData.open(config, opened.model.text.maxPositions);
  try {
    const report = await initializeWeights(opened, loaded, checkpoint, {
      allowMissing,
      ...(signal && { signal }),
    });
    request.onLoaded?.(report);
    const programs = new NlvrPrograms(opened.session, opened.model, {
      training: config,
      trainable: [],
      frozenVit: false,
      pixels: 'uint8',
    });
    const evaluator = new Evaluator(
      programs,
      config.image_size ** 2 * 3,
      Math.min(config.batch_size_test, dataset.examples.length),
      opened.collectives,
      meanImage(config.image_size),
    );
    const plan = evaluator.plan(dataset);
    const texts = textsOf(dataset, config.max_words, opened.model.text.maxPositions);
    const logits = await evaluator.evaluateVariants(
      dataset,
      plan,
      data.evalBatches(dataset, plan.steps),
      [unchangedInputs, ...ROBUSTNESS_TESTS.map((test) => variantOf(test, texts))],
      {
        stopped: () => signal?.aborted === true,
        onProgress: (done, total) => request.onProgress?.(done, total),
      },
    );
    if (!logits) return undefined;
    for (const each of logits) requireFiniteLogits(dataset, each);
    const [original, ...tests] = logits;
    const answers = Object.fromEntries(ROBUSTNESS_TESTS.map((test, i) => [test, tests[i]]));
    const weights = isUrl(checkpoint) ? checkpoint : (report?.file ?? checkpoint);
    const incomplete = missingParts(report?.missing ?? []);
    const result: RobustnessResult = {
      version: ROBUSTNESS_VERSION,
      created: new Date().toISOString(),
      run: report?.origin?.run ?? null,
      epoch: report?.origin?.epoch ?? null,
      step: report?.origin?.step ?? null,
      split,
      checkpoint: request.folder === undefined ? weights : weightsPath(request.folder, weights),
      ...(incomplete.length > 0 && { incomplete }),
      limit: dataset === whole ? null : dataset.examples.length,
      splitExamples: whole.examples.length,
      ...(whole.skipped !== undefined && { skipped: whole.skipped }),
      device: opened.session.info.device,
      precision: opened.precision,
      seconds: Math.round((performance.now() - began) / 100) / 10,
      ...robustnessNumbers(
        dataset.examples,
        { original, ...(answers as Record<RobustnessTest, Float32Array>) },
        (i) => indices[i],
      ),
    };
    return { result, file: await writeResult(request.folder, run, result) };
  } catch (error) {
    if (isAbortError(error) && signal?.aborted === true) return undefined;
    throw error;
  } finally {
    await data.dispose();
    await opened.dispose();
  }
}

/** Samples examples of a split. @returns them in the order of the split, with their indices in it */
function sampleExamples(
  dataset: Dataset,
  limit: number | undefined,
): { dataset: Dataset; indices: Int32Array } {
  const { examples } = dataset;
  const order = epochOrder(examples.length, SEED, 0);
  if (limit === undefined || limit >= examples.length)
    return { dataset, indices: Int32Array.from(order.keys()) };
  const indices = order.slice(0, limit).sort();
  const kept = Array.from(indices, (place, index) => ({ ...examples[place], index }));
  return { dataset: { ...dataset, examples: kept }, indices };
}

/** Encodes the sentences of a batch for a test, padded at least to the batch's length. */
type Texts = (batch: EvaluationBatch, test: RobustnessTest) => EncodedTexts;

function textsOf({ examples }: Dataset, maxWords: number, maxTokens: number): Texts {
  const tokenizer = defaultTokenizer();
  return ({ indices, length }, test) =>
    encodeTexts(
      tokenizer,
      Array.from(indices, (i) => cleanCaption(sentenceIn(test, examples[i].sentence), maxWords)),
      // At least as long as the batch, so that no other program has to be traced.
      { maxTokens, multiple: LENGTH_MULTIPLE, minLength: length },
    );
}

function variantOf(test: RobustnessTest, texts: Texts): Variant {
  switch (test) {
    case 'exchanged':
      return (batch) => ({ ...texts(batch, test), left: batch.right, right: batch.left });
    case 'left image twice':
      return (batch) => ({ ...batch, right: batch.left });
    case 'right image twice':
      return (batch) => ({ ...batch, left: batch.right });
    case 'no images': {
      return (batch) => {
        const blank = new Int32Array(batch.indices.length).fill(BLANK);
        return { ...batch, left: blank, right: blank };
      };
    }
    case 'no sentence':
      return (batch) => ({ ...batch, ...texts(batch, test) });
  }
}

/** The id of the run in a folder; null if there is none. */
async function runIdOf(folder: string | undefined): Promise<string | null> {
  if (folder === undefined) return null;
  return (await readRunInfo(folder).catch(() => undefined))?.id ?? null;
}

/**
 * Writes the result to the run folder. The folder need not be locked, because no other process writes this file; but the
 * result must not be written to another run that replaced the tested one.
 */
async function writeResult(
  folder: string | undefined,
  run: string | null,
  result: RobustnessResult,
): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  if ((await runIdOf(folder)) !== run)
    throw new UserError(
      localize(
        '{0} now contains another run. The result of the robustness test was not written.',
        folder,
      ),
      { hint: localize('Test the checkpoint of the new run.') },
    );
  return writeRobustness(new RunFolder(folder), result);
}
