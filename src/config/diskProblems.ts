/** Finds problems of a configuration that depend on files on disk. */
import { storedMessage } from '../util/localize';
import { blipMedConfig, checkMedConfig } from './medConfig';
import type { ParsedConfig } from './parse';
import { configPaths } from './paths';
import type { ConfigProblem } from './problem';
import { checkLength } from './textEncoderChecks';
import { missingPaths, placeOf, type Lookup } from './writtenPaths';

/** Access to the disk; an editor returns its unsaved text. */
export interface Disk {
  lookUp: Lookup;
  /** The text of a file; undefined when it cannot be read. */
  textOf: (file: string) => Promise<string | undefined>;
}

/**
 * Finds every problem of a configuration, including those on disk, in the order of the text.
 * @param folder absolute path, from which relative paths start
 */
export async function allProblems(
  parsed: ParsedConfig,
  folder: string,
  { lookUp, textOf }: Disk,
): Promise<ConfigProblem[]> {
  if (parsed.problems.some(({ code }) => code === 'syntax')) return [...parsed.problems];
  const diskProblems = [
    ...(await missingPaths(parsed, folder, lookUp)),
    ...(await sentenceLengthProblems(parsed, folder, textOf)),
  ];
  return [...parsed.problems, ...diskProblems].sort((a, b) => a.range[0] - b.range[0]);
}

/**
 * Checks that the position embedding of a `med_config` file is long enough for `max_words`. Other problems of the file
 * belong to that file (`checkMedConfig`).
 */
async function sentenceLengthProblems(
  parsed: ParsedConfig,
  folder: string,
  textOf: Disk['textOf'],
): Promise<ConfigProblem[]> {
  const { config, problems, written } = parsed;
  if (typeof config.med_config !== 'string') return [];
  if (problems.some(({ key }) => key === 'max_words' || key === 'med_config')) return [];
  const file = configPaths(config, folder).medConfig;
  const text = file === undefined ? undefined : await textOf(file);
  if (file !== undefined && text === undefined) return [];
  const med = text === undefined ? blipMedConfig : checkMedConfig(text).config;
  return checkLength(med, config.max_words).flatMap(
    ({ keys, message, severity, code, suggestions }) => {
      const key = keys.find((each) => written.has(each)) ?? '';
      const range = written.get(key)?.at(-1)?.value;
      if (!range) return [];
      const place = placeOf(parsed, range);
      return [{ severity, code, key, ...storedMessage(message), suggestions, ...place }];
    },
  );
}
