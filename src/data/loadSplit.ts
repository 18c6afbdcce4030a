/** Loads the annotations of a configuration's splits. */
import type { LoadedConfig } from '../config/load';
import { configPaths } from '../config/paths';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { loadDataset } from './annotations/loadDataset';
import { skipMissingImages } from './skipMissing';
import type { Split } from './split';
import type { Dataset } from './types';

/**
 * Loads the annotation file of a split.
 * @throws {UserError} that names the file and line; also if the split is not configured or empty
 */
export async function loadSplit(loaded: LoadedConfig, split: Split): Promise<Dataset> {
  const file = configPaths(loaded.config, loaded.folder).annFiles[split];
  if (file === undefined) throw missingSplitError(loaded, split);
  return loadAnnotations(loaded, file, split);
}

/**
 * Loads every example of a split, even if images are missing (ignores `missing_images`). For predictions of other
 * programs.
 */
export async function loadWholeSplit(loaded: LoadedConfig, split: Split): Promise<Dataset> {
  return loadSplit({ ...loaded, config: { ...loaded.config, missing_images: 'fail' } }, split);
}

/** Creates the error for a split that is not configured. */
export function missingSplitError({ file }: LoadedConfig, split: Split): UserError {
  return new UserError(localize('{0} specifies no annotations for {1}.', file, split), {
    hint: localize('Set ann_files.{0}.', split),
  });
}

/**
 * Loads one annotation file with the format, image folder and `missing_images` of the configuration.
 * @throws {UserError} that names the file and line; also if the file has no examples
 */
export async function loadAnnotations(
  loaded: LoadedConfig,
  file: string,
  split: Split,
): Promise<Dataset> {
  const { config, folder } = loaded;
  const { imageRoot } = configPaths(config, folder);
  return withoutMissingImages(
    loaded,
    await loadDataset(file, split, { format: config.ann_format, imageRoot }),
  );
}

/**
 * Applies `missing_images: skip` to a loaded data set: removes the examples with missing images.
 * @throws {UserError} if no example is left
 */
export async function withoutMissingImages(
  { config, folder }: LoadedConfig,
  whole: Dataset,
): Promise<Dataset> {
  const { split, file } = whole;
  const dataset = config.missing_images === 'skip' ? await skipMissingImages(whole) : whole;
  if (dataset.examples.length > 0) return dataset;
  if (whole.examples.length > 0)
    throw new UserError(
      localize('No example of the {0} split ({1}) has both its images.', split, file),
      { hint: localize('Check image_root, which is {0}.', configPaths(config, folder).imageRoot) },
    );
  throw new UserError(localize('{0} has no examples: the {1} split is empty.', file, split), {
    hint: localize('Correct ann_files.{0} or the file.', split),
  });
}
