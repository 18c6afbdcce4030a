/** Checks the data of a configuration, before a training and as `nlvr check`. */
import { join } from 'node:path';
import type { LoadedConfig } from '../../config/load';
import { configPaths } from '../../config/paths';
import {
  checkDataset,
  checkRemainingImages,
  type CheckOptions,
  type CheckProgress,
  type DataReport,
} from '../../data/check/checkDataset';
import type { DataProblem } from '../../data/check/problem';
import type { Dataset } from '../../data/types';
import { findCacheFolder } from '../../util/cacheFolder';
import { localize, joinSentences, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';

export interface CheckHooks {
  onProgress?(progress: CheckProgress): void;
  signal?: AbortSignal;
}

/** Images to decode: a `sample` before a run, all of them (`decode`) in `nlvr check`. */
export type CheckDepth = Extract<CheckOptions['images'], 'decode' | 'sample'>;

/** Result of the check, with the data sets, which the training uses. */
export interface CheckedData extends DataReport {
  /** The easy examples, if there is a curriculum. */
  curriculum?: Dataset;
}

/**
 * Reads all annotations, and decodes all images or a sample, of the splits and of the curriculum. Images that were found to be
 * undamaged, and did not change since, are not decoded again.
 */
export async function checkData(
  loaded: LoadedConfig,
  hooks: CheckHooks = {},
  depth: CheckDepth = 'decode',
): Promise<CheckedData> {
  const { config, folder } = loaded;
  const paths = configPaths(config, folder);
  const options = {
    format: config.ann_format,
    imageRoot: paths.imageRoot,
    maxWords: config.max_words,
    missingImages: config.missing_images,
    images: depth,
    ...verifiedFile(),
    ...(hooks.signal && { signal: hooks.signal }),
    ...(hooks.onProgress && { onProgress: hooks.onProgress.bind(hooks) }),
  } as const;
  const files = (['train', 'val', 'test'] as const).flatMap((split) => {
    const file = paths.annFiles[split];
    return file === undefined ? [] : [{ split, file }];
  });
  const report = await checkDataset(files, options);
  if (paths.curriculum === undefined || config.curriculum.epochs === 0) return report;
  const easy = await checkDataset([{ split: 'train', file: paths.curriculum }], options);
  const [curriculum] = easy.datasets;
  return {
    ...report,
    problems: [...report.problems, ...easy.problems],
    unchecked: [...new Set([...report.unchecked, ...easy.unchecked])],
    ...(easy.datasets.length > 0 && { curriculum }),
  };
}

/** Decodes the images that a check by sample left out (`checkRemainingImages`). */
export function checkUnseenImages(
  { config, folder }: LoadedConfig,
  { datasets, curriculum, unchecked }: CheckedData,
  hooks: { signal: AbortSignal; onFirst: (problems: DataProblem[]) => void },
): Promise<DataProblem[]> {
  const all = curriculum ? [...datasets, curriculum] : datasets;
  const { imageRoot } = configPaths(config, folder);
  return checkRemainingImages(all, unchecked, { imageRoot, ...verifiedFile(), ...hooks });
}

/** The file that lists undamaged images, if there is a cache folder. */
function verifiedFile(): Pick<CheckOptions, 'verifiedFile'> {
  const cache = findCacheFolder();
  return cache === undefined ? {} : { verifiedFile: join(cache, 'verified-images.txt') };
}

/** Throws if a report has errors. @throws {UserError} with the first of them. */
export function throwOnErrors({ problems }: DataReport): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const [first, ...others] = errors.slice(0, MAX_SHOWN_PROBLEMS).map(describeProblem);
  const more = errors.length - MAX_SHOWN_PROBLEMS;
  if (more > 0) others.push(localize('… and {0} more problems.', more));
  throw new UserError(joinSentences(first, ...others), {
    hint: localize('Correct the data; `nlvr check --all` lists every case.'),
  });
}

const MAX_SHOWN_PROBLEMS = 3;

/** `file:line: message`, with the column where a line holds several annotations */
export function describeProblem({
  file,
  line,
  column,
  message,
  phrase: words,
}: Pick<DataProblem, 'file' | 'line' | 'column' | 'message' | 'phrase'>): MessageText {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return localize('{0}: {1}', place, words ?? message);
}
