/** Loads weights from a file, a run folder or an https address. */
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
import { finiteValues } from './weightChecks';

export type LoadOptions = Partial<DownloadOptions>;

/** Weights that fit a model, read from their open file on demand. Close it when done. */
export interface LoadedWeights {
  report: LoadReport;
  /**
   * Reads the loaded parameters one at a time, in the model's order.
   * @throws {UserError} naming the first value that is not finite.
   */
  values(): AsyncGenerator<[name: string, value: Float32Array], void, undefined>;
  close(): Promise<void>;
}

/** Files with weights in a run folder, in the order of preference. */
const namesInRunFolder = [
  'checkpoint_best.safetensors',
  'checkpoint_best.pth',
  join('checkpoint_last', 'model.safetensors'),
  join('checkpoint_last.old', 'model.safetensors'),
  'model.safetensors',
  // Files of transformers' save_pretrained.
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

/**
 * Finds the weights file of a path or an address.
 * @param source a `.pth` or `.safetensors` file, a run folder, or an https address (downloaded once).
 * @throws {UserError}
 */
export async function locateWeights(source: string, options: LoadOptions = {}): Promise<string> {
  if (isWebUrl(source))
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

/** http URLs as well: `download` refuses them with a message. */
const isWebUrl = (source: string): boolean => /^https?:\/\//i.test(source);

/**
 * Opens weights and matches them with a model by BLIP's rules: single cross-attentions are copied to those of both images,
 * position embeddings are resized, and missing and unexpected keys are reported.
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
    // Otherwise a damaged file would stay in the cache.
    if (isWebUrl(source) && error instanceof UserError) await rm(path, { force: true });
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
