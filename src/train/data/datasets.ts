/** Loads the data sets of a run. */
import type { LoadedConfig } from '../../config/load';
import { configPaths } from '../../config/paths';
import {
  loadAnnotations,
  loadSplit,
  missingSplitError,
  withoutMissingImages,
} from '../../data/loadSplit';
import type { Split } from '../../data/split';
import type { Dataset } from '../../data/types';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';

/**
 * Loads the annotation files of some splits.
 * @throws {UserError} naming file and line; also when a split is not configured or empty.
 */
export async function loadDatasets<S extends Split>(
  loaded: LoadedConfig,
  splits: readonly S[],
): Promise<Record<S, Dataset>> {
  const entries: [S, Dataset][] = [];
  for (const split of splits) entries.push([split, await loadSplit(loaded, split)]);
  return Object.fromEntries(entries) as Record<S, Dataset>;
}

/** The splits of a configuration that have an annotation file, in order. */
export function configuredSplits(loaded: LoadedConfig): Split[] {
  const { annFiles } = configPaths(loaded.config, loaded.folder);
  return (['train', 'val', 'test'] as const).filter((split) => annFiles[split] !== undefined);
}

/**
 * The default splits of an evaluation: val and test, if specified.
 * @throws {UserError} when there is neither.
 */
export function evaluatedSplits(loaded: LoadedConfig): Split[] {
  const splits = configuredSplits(loaded).filter((split) => split !== 'train');
  if (splits.length === 0)
    throw new UserError(localize('{0} specifies no annotations for val or test.', loaded.file), {
      hint: localize('Set ann_files.val or ann_files.test.'),
    });
  return splits;
}

/** Loads the easy examples of the curriculum, if there is one. */
export async function loadCurriculum(loaded: LoadedConfig): Promise<Dataset | undefined> {
  const { curriculum } = configPaths(loaded.config, loaded.folder);
  return curriculum === undefined || loaded.config.curriculum.epochs === 0
    ? undefined
    : loadAnnotations(loaded, curriculum, 'train');
}

/**
 * Turns the data sets of a data check without errors into those of a training, without examples of missing images.
 * @throws {UserError} when there is no training split, or one is empty.
 */
export async function checkedDatasets(
  loaded: LoadedConfig,
  checked: readonly Dataset[],
): Promise<Partial<Record<Split, Dataset>> & { train: Dataset }> {
  const datasets: Partial<Record<Split, Dataset>> = {};
  for (const dataset of checked)
    datasets[dataset.split] = await withoutMissingImages(loaded, dataset);
  const { train } = datasets;
  if (train === undefined) throw missingSplitError(loaded, 'train');
  return { ...datasets, train };
}

/** Share of the more frequent label, 0..1; chance level of an accuracy. */
export function majorityShare(dataset: Dataset | undefined): number {
  const labeled = dataset?.examples.filter(({ label }) => label !== null) ?? [];
  const positive = labeled.filter(({ label }) => label === true).length;
  return labeled.length === 0
    ? 0.5
    : Math.max(positive, labeled.length - positive) / labeled.length;
}
