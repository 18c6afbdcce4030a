/** Weights from wherever a person has them: a file, a run folder or an https address. */
import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCacheFolder } from '../util/cacheFolder';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import type { CheckpointFile } from './checkpoint/checkpointFile';
import { openCheckpoint } from './checkpoint/openCheckpoint';
import { imageTokens } from './config';
import type { NlvrModelConfig } from './config';
import { download } from './download';
import type { DownloadOptions } from './download';
import { planLoad } from './loadRules';
import type { LoadPlan, LoadReport } from './loadRules';
import { resizePositionEmbedding } from './positionEmbedding';
import { finiteValues } from './wholeModel';

export type LoadOptions = Partial<DownloadOptions>;

/** Weights that fit a model, still in their file. Close it when done. */
export interface LoadedWeights {
  report: LoadReport;
  /**
   * Every loaded parameter with its values, one at a time, in the model's order.
   * @throws {UserError} when a value is not finite, naming the first.
   */
  values(): AsyncGenerator<[name: string, value: Float32Array], void, undefined>;
  close(): Promise<void>;
}

/** Weights inside a run folder, best first. `model.safetensors` is that of `checkpoint_last`. */
const namesInRunFolder = [
  'checkpoint_best.safetensors',
  'checkpoint_best.pth',
  join('checkpoint_last', 'model.safetensors'),
  join('checkpoint_last.old', 'model.safetensors'),
  'model.safetensors',
  // What transformers' save_pretrained leaves.
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

/**
 * The weights file behind a path or an address.
 * @param source a `.pth` or `.safetensors` file, a run folder, or an https address (downloaded once).
 * @throws {UserError}
 */
export async function locateWeights(source: string, options: LoadOptions = {}): Promise<string> {
  if (isAddress(source))
    return download(source, {
      ...options,
      folder: options.folder ?? join(requireCacheFolder(), 'weights'),
    });
  if (!existsSync(source) || !statSync(source).isDirectory()) return source;
  const name = namesInRunFolder.find((candidate) => existsSync(join(source, candidate)));
  if (name === undefined)
    throw new UserError(localize('The folder {0} contains no checkpoint.', source), {
      hint: localize(
        'A run folder has {0} after its first evaluation. You can also specify the file.',
        namesInRunFolder[0],
      ),
    });
  return join(source, name);
}

const isAddress = (source: string): boolean => /^https?:\/\//i.test(source);

/**
 * Opens weights and fits them to a model by BLIP's rules: single cross-attentions are copied to both images'
 * own, position embeddings resized; what is missing or unexpected is reported.
 * @throws {UserError} when there is no such file, it is damaged, or it does not fit the model.
 */
export async function loadWeights(
  source: string,
  config: NlvrModelConfig,
  options: LoadOptions = {},
): Promise<LoadedWeights> {
  const path = await locateWeights(source, options);
  let file: CheckpointFile;
  try {
    file = await openCheckpoint(path);
  } catch (error) {
    // A damaged file in the cache would fail for ever.
    if (isAddress(source) && error instanceof UserError) await rm(path, { force: true });
    throw error;
  }
  try {
    const plan = planLoad(file, config);
    return {
      report: plan.report,
      values: () => finiteValues(path, readValues(file, plan, config)),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* readValues(
  file: CheckpointFile,
  { sources, report }: LoadPlan,
  config: NlvrModelConfig,
): AsyncGenerator<[string, Float32Array], void, undefined> {
  const resized = new Map(report.resized.map((entry) => [entry.name, entry]));
  for (const [name, key] of sources) {
    const stored = await file.read(key);
    const change = resized.get(name);
    if (!change) {
      yield [name, stored];
      continue;
    }
    const from = Math.sqrt((change.from[1] ?? 0) - 1);
    const to = Math.sqrt(imageTokens(config) - 1);
    yield [name, resizePositionEmbedding(stored, from, to, config.vision.width)];
  }
}
