/** Inspects the checkpoint of the key `pretrained`, for the hover and the code action of a configuration. */
import { stat } from 'node:fs/promises';
import type { Config } from '../../config/definition';
import { applyEdit, editConfig, type EditValue, type TextEdit } from '../../config/edit';
import { readMedConfig } from '../../config/medConfig';
import type { ParsedConfig } from '../../config/parse';
import { isUrl } from '../../config/paths';
import type { TextRange } from '../../config/problem';
import { vitSize } from '../../config/vit';
import { keysFor } from '../../model/architecture';
import { inspectCheckpoint, type Inspection } from '../../model/inspect';
import { locateWeights } from '../../model/loadWeights';
import { writtenPaths } from '../../config/writtenPaths';

export interface PretrainedInfo {
  inspection: Inspection;
  /** Range of the path in the text. */
  range: TextRange;
}

const inspections = new Map<string, { stamp: string; inspection: Inspection }>();

/**
 * Inspects the checkpoint that a configuration specifies, if it is on this machine and can be read. The result is
 * cached until the file changes.
 */
export async function inspectPretrained(
  parsed: ParsedConfig,
  folder: string,
): Promise<PretrainedInfo | undefined> {
  const path = writtenPaths(parsed, folder).find(({ key }) => key === 'pretrained');
  if (path === undefined || isUrl(path.target)) return undefined;
  try {
    const file = await locateWeights(path.target);
    const { size, mtimeMs } = await stat(file);
    const stamp = `${size} ${mtimeMs}`;
    const seen = inspections.get(file);
    const inspection = seen?.stamp === stamp ? seen.inspection : await inspectCheckpoint(file);
    inspections.set(file, { stamp, inspection });
    return { inspection, range: path.range };
  } catch {
    // A missing file has its own diagnostic; an unreadable one is reported when the training starts.
    return undefined;
  }
}

/**
 * Creates the edit that sets the architecture of a checkpoint: `vit` and `med_config` if the shapes of the weights
 * differ, and an image size that is a multiple of the patch size. Heads and dropout are kept if the rest fits.
 * @returns undefined when nothing differs, or the text cannot be edited automatically.
 */
export function architectureEdit(
  text: string,
  config: Config,
  folder: string,
  { architecture }: Inspection,
): TextEdit | undefined {
  const { vision, text: encoder } = architecture;
  const keys = keysFor(architecture);
  const changes: [key: string, value: EditValue][] = [];
  if (vision && keys.vit !== undefined) {
    const { width, depth, patch_size } = vitSize(config.vit);
    if (width !== vision.width || depth !== vision.depth || patch_size !== vision.patchSize)
      changes.push(['vit', typeof keys.vit === 'string' ? keys.vit : { ...keys.vit }]);
    if (config.image_size % vision.patchSize !== 0 && vision.imageSize !== undefined)
      changes.push(['image_size', vision.imageSize]);
  }
  if (encoder && keys.med_config !== undefined) {
    const now = medConfigOf(config, folder);
    const fits =
      now?.hidden_size === encoder.width &&
      now.num_hidden_layers === encoder.layers &&
      now.intermediate_size === encoder.intermediateWidth &&
      now.vocab_size === encoder.vocabularySize &&
      now.max_position_embeddings === encoder.maxPositions;
    if (!fits)
      changes.push([
        'med_config',
        typeof keys.med_config === 'string' ? keys.med_config : { ...keys.med_config },
      ]);
  }
  if (changes.length === 0) return undefined;
  try {
    const edited = changes.reduce(
      (before, [key, value]) => applyEdit(before, editConfig(before, { kind: 'set', key, value })),
      text,
    );
    return editBetween(text, edited);
  } catch {
    return undefined;
  }
}

function medConfigOf(config: Config, folder: string) {
  try {
    return readMedConfig(config, folder);
  } catch {
    return undefined;
  }
}

/** The single edit that turns `before` into `after`. */
function editBetween(before: string, after: string): TextEdit | undefined {
  if (before === after) return undefined;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end])
    end++;
  return {
    range: [start, before.length - end],
    text: after.slice(start, after.length - end),
  };
}
