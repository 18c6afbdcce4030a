/** Loads a configuration file for the command line. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { localize } from '../util/localize';
import { errnoOf, messageOf } from '../util/userError';
import { ConfigError, describeErrors } from './configError';
import type { Config } from './definition';
import { configHash } from './dump';
import { foreignConfigMessage, detectOrigin } from './foreign';
import { parseOverride } from './overrides';
import type { ConfigProblem } from './problem';
import { parseConfigFile } from './relocate';

export interface LoadedConfig {
  config: Config;
  /** Absolute. */
  file: string;
  /** Folder of the file, from which relative paths start. */
  folder: string;
  /** Warnings and notes, but no errors. */
  problems: readonly ConfigProblem[];
  /** Hash of the configuration as used. */
  hash: string;
}

/**
 * Loads and checks a configuration file.
 * @param file path of the configuration file
 * @param overrides `key=value`, dotted keys for fields of a mapping; later ones take precedence
 * @param from folder from which relative paths of overrides start
 * @throws {ConfigError} if the file cannot be read or is invalid
 * @throws {UserError} if an override does not have the form `key=value`, or the file of `med_config` is missing or invalid
 */
export function loadConfig(
  file: string,
  overrides: readonly string[] = [],
  from = process.cwd(),
): LoadedConfig {
  const absolute = resolve(file);
  const given = overrides.map((override) => parseOverride(override, from));
  const { config, problems, document } = parseConfigFile(readText(absolute), absolute, given);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const origin = detectOrigin(document.value);
    throw new ConfigError(
      describeErrors(absolute, errors),
      problems,
      origin === undefined ? {} : { hint: foreignConfigMessage(origin) },
    );
  }
  const folder = dirname(absolute);
  return { config, file: absolute, folder, problems, hash: configHash(config, folder) };
}

function readText(file: string): string {
  try {
    if (statSync(file).isDirectory())
      throw new ConfigError(localize('{0} is a folder, not a configuration file.', file), []);
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (errnoOf(error) === 'ENOENT')
      throw new ConfigError(localize('The configuration file {0} does not exist.', file), [], {
        hint: localize('Specify it with --config, or create a working one with `nlvr sample`.'),
        cause: error,
      });
    throw new ConfigError(
      localize('The configuration file {0} cannot be read: {1}.', file, messageOf(error)),
      [],
      { cause: error },
    );
  }
}
