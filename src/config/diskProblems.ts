/** Problems of a configuration that only a look at the disk can find. */
import { storedMessage } from '../util/localize';
import { blipMedConfig, checkMedConfig } from './medConfig';
import type { ParsedConfig } from './parse';
import { configPaths } from './paths';
import type { ConfigProblem } from './problem';
import { checkLength } from './textEncoderChecks';
import { missingPaths, placeOf, type Lookup } from './writtenPaths';

/** How the disk is looked at: an editor has files with text that is not saved yet. */
export interface Disk {
  lookUp: Lookup;
  /** The text of a file; undefined when it cannot be read. */
  textOf: (file: string) => Promise<string | undefined>;
}

/**
 * Every problem of a configuration, those of the disk too, in the order of the text.
 * @param folder absolute: where its relative paths start
 */
export async function allProblems(
  parsed: ParsedConfig,
  folder: string,
  { lookUp, textOf }: Disk,
): Promise<ConfigProblem[]> {
  if (parsed.problems.some(({ code }) => code === 'syntax')) return [...parsed.problems];
  const ofDisk = [
    ...(await missingPaths(parsed, folder, lookUp)),
    ...(await tooLong(parsed, folder, textOf)),
  ];
  return [...parsed.problems, ...ofDisk].sort((a, b) => a.range[0] - b.range[0]);
}

/**
 * Whether the text encoder of a file has room for `max_words`. Everything else that is wrong with the file is a problem
 * of that file (`checkMedConfig`).
 */
async function tooLong(
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
