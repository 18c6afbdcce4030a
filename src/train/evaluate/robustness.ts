/** Asks a checkpoint about the pairs of a split and about changes of them: what its answers depend on. */
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
import { asAnnotated, BLANK, Evaluator, type EvaluationBatch, type Variant } from './evaluator';
import { requireFiniteAnswers } from './finiteAnswers';
import { initialiseWeights, openModelSession } from '../modelSession';
import { weightsPath } from '../checkpoint/weightsPath';
import { NlvrPrograms } from '../programs';
import { RunData } from '../data/runData';

/** Examples are drawn with it, the same ones each time. */
const SEED = 42;

export interface RobustnessRequest {
  loaded: LoadedConfig;
  library: Library;
  /** `.pth`, `.safetensors`, run folder or address. */
  checkpoint: string;
  split: Split;
  /** Examples to draw; undefined for all. */
  limit?: number | undefined;
  /** Run folder that the result is written to; undefined for nowhere. */
  folder?: string | undefined;
  /** Whether random values may replace what the checkpoint lacks; the result then notes it. */
  allowMissing: boolean;
  signal?: AbortSignal;
  onLoaded?(report: LoadReport | undefined): void;
  /** `done` of `total` examples have all their answers. */
  onProgress?(done: number, total: number): void;
}

export interface RobustnessOutcome {
  result: RobustnessResult;
  /** Where it was written. */
  file: string | undefined;
}

/**
 * Asks about each pair as it is and in each test. Each image is encoded once for all of them.
 * @returns undefined when it was stopped; nothing is written then.
 * @throws {UserError} and runtime errors; also when the run in the folder is another one at the end.
 */
export async function testRobustness(
  request: RobustnessRequest,
): Promise<RobustnessOutcome | undefined> {
  const { loaded, split, limit, checkpoint, allowMissing, signal } = request;
  const { config } = loaded;
  const began = performance.now();
  const run = await runIn(request.folder);
  await checkWeights(checkpoint, readModelConfig(config, loaded.folder), allowMissing);
  const whole = (await loadDatasets(loaded, [split]))[split];
  const { dataset, indices } = drawn(whole, limit);
  const opened = await openModelSession(request);
  const data = await RunData.open(config, opened.model.text.maxPositions);
  try {
    const report = await initialiseWeights(opened, loaded, checkpoint, {
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
      opened.replica,
      meanImage(config.image_size),
    );
    const plan = evaluator.plan(dataset);
    const texts = textsOf(dataset, config.max_words, opened.model.text.maxPositions);
    const logits = await evaluator.evaluateVariants(
      dataset,
      plan,
      data.evalBatches(dataset, plan.steps),
      [asAnnotated, ...ROBUSTNESS_TESTS.map((test) => variantOf(test, texts))],
      {
        stopped: () => signal?.aborted === true,
        onProgress: (done, total) => request.onProgress?.(done, total),
      },
    );
    if (!logits) return undefined;
    for (const each of logits) requireFiniteAnswers(dataset, each);
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
    return { result, file: await write(request.folder, run, result) };
  } catch (error) {
    if (isAbortError(error) && signal?.aborted === true) return undefined;
    throw error;
  } finally {
    await data.dispose();
    await opened.dispose();
  }
}

/** Some examples of a split, in its order, and their places in it. */
function drawn(
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

/** The sentences of a batch as a test asks them, at least `length` tokens long. */
type Texts = (batch: EvaluationBatch, test: RobustnessTest) => EncodedTexts;

function textsOf({ examples }: Dataset, maxWords: number, maxTokens: number): Texts {
  const tokenizer = defaultTokenizer();
  return ({ indices, length }, test) =>
    encodeTexts(
      tokenizer,
      Array.from(indices, (i) => cleanCaption(sentenceIn(test, examples[i].sentence), maxWords)),
      // As long as the batch, so that no other program has to be recorded.
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

/** The id of the run in a folder; null where there is none, as with other programs' checkpoints. */
async function runIn(folder: string | undefined): Promise<string | null> {
  if (folder === undefined) return null;
  return (await readRunInfo(folder).catch(() => undefined))?.id ?? null;
}

/**
 * The folder need not be locked for a file of its own, so an active training is not in the way; but a result of
 * weights that are gone must not come to lie in another run.
 */
async function write(
  folder: string | undefined,
  run: string | null,
  result: RobustnessResult,
): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  if ((await runIn(folder)) !== run)
    throw new UserError(
      localize(
        '{0} now contains another run. The result of the robustness test was not written.',
        folder,
      ),
      { hint: localize('Test the checkpoint of the new run.') },
    );
  return writeRobustness(new RunFolder(folder), result);
}
