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
  /** Folder of the file: where relative paths start. */
  folder: string;
  /** Warnings and hints; there are no errors among them. */
  problems: readonly ConfigProblem[];
  /** Of the configuration as used. */
  hash: string;
}

/**
 * @param file path of the configuration file
 * @param overrides `key=value`, dotted keys for fields of a mapping; later ones win
 * @param from where relative paths of overrides start
 * @throws {ConfigError} when the file cannot be read or is wrong
 * @throws {UserError} when an override is not of the form `key=value`, or `med_config` names no file that can be used
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
