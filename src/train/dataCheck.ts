/** The check of a configuration's data that runs before training and as `nlvr check`. */
import { join } from 'node:path';
import type { LoadedConfig } from '../config/load';
import { configPaths } from '../config/paths';
import { checkDataset, type CheckProgress, type DataReport } from '../data/check/checkDataset';
import type { DataProblem } from '../data/check/problem';
import { cacheFolder } from '../util/cacheFolder';
import { UserError } from '../util/userError';

export interface CheckHooks {
  onProgress?(progress: CheckProgress): void;
  signal?: AbortSignal;
}

/**
 * Reads every annotation and decodes every image of the splits and of the curriculum. Images found sound
 * before, and unchanged since, are not decoded again.
 */
export async function checkData(loaded: LoadedConfig, hooks: CheckHooks = {}): Promise<DataReport> {
  const { config, folder } = loaded;
  const paths = configPaths(config, folder);
  const options = {
    format: config.ann_format,
    imageRoot: paths.imageRoot,
    maxWords: config.max_words,
    images: 'decode',
    verifiedFile: join(cacheFolder(), 'verified-images.txt'),
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
  return { ...report, problems: [...report.problems, ...easy.problems] };
}

/** @throws {UserError} with the first errors of a report, where it has any. */
export function throwOnErrors({ problems }: DataReport): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const more = errors.length > SHOWN ? ` … and ${errors.length - SHOWN} more problems.` : '';
  throw new UserError(errors.slice(0, SHOWN).map(describeProblem).join(' ') + more, {
    hint: 'Mend the data; `nlvr check` lists everything.',
  });
}

const SHOWN = 3;

/** `file:line: message` */
export function describeProblem({
  file,
  line,
  message,
}: Pick<DataProblem, 'file' | 'line' | 'message'>): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${message}`;
}
