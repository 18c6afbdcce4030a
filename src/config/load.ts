/** Loads a configuration file for the command line. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError, errnoOf, messageOf } from '../util/userError';
import type { Config } from './definition';
import { configHash } from './dump';
import { parseOverride } from './overrides';
import { parseConfig } from './parse';
import type { ConfigProblem } from './problem';

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

/** The configuration cannot be used. `problems` has them all; the message is one paragraph. */
export class ConfigError extends UserError {
  override readonly name = 'ConfigError';

  constructor(
    message: string,
    readonly problems: readonly ConfigProblem[],
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(message, options);
  }
}

/**
 * @param file path of the configuration file
 * @param overrides `key=value`, dotted keys for fields of a mapping; later ones win
 * @throws {ConfigError} when the file cannot be read or is wrong
 * @throws {UserError} when an override is not of the form `key=value`
 */
export function loadConfig(file: string, overrides: readonly string[] = []): LoadedConfig {
  const absolute = resolve(file);
  const { config, problems } = parseConfig(readText(absolute), overrides.map(parseOverride));
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new ConfigError(describe(absolute, errors), problems);
  const folder = dirname(absolute);
  return { config, file: absolute, folder, problems, hash: configHash(config, folder) };
}

function readText(file: string): string {
  try {
    if (statSync(file).isDirectory())
      throw new ConfigError(`${file} is a folder, not a configuration file.`, []);
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (errnoOf(error) === 'ENOENT')
      throw new ConfigError(`The configuration file ${file} does not exist.`, [], {
        hint: 'Name it with --config, or make one that works with `nlvr sample`.',
        cause: error,
      });
    throw new ConfigError(
      `The configuration file ${file} cannot be read: ${messageOf(error)}.`,
      [],
      { cause: error },
    );
  }
}

const shown = 5;

/** `nlvr.yaml:3:10: …` for the first problems, in one paragraph. */
function describe(file: string, errors: readonly ConfigProblem[]): string {
  const lines = errors
    .slice(0, shown)
    .map(({ message, line, column, range }) =>
      range[1] === 0 ? message : `${file}:${line}:${column}: ${message}`,
    );
  const more = errors.length - lines.length;
  return [...lines, ...(more > 0 ? [`… and ${more} more.`] : [])].join('\n');
}
