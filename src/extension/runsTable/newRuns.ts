/** Creates new runs from the configuration of an existing one, with other values for some keys. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { applyEdit, editConfig, type EditValue } from '../../config/edit';
import type { Config } from '../../config/definition';
import { dumpConfig } from '../../config/dump';
import { differingKeys, flatConfig, flatten } from '../../config/flat';
import { configKeys, fieldsOf, definitionOf } from '../../config/keys';
import type { Override } from '../../config/overrides';
import { parseConfig } from '../../config/parse';
import { configPaths } from '../../config/paths';
import { parseConfigFile } from '../../config/relocate';
import { combinations, type ValueList } from '../../config/sweep';
import { folderOfRun } from '../../run/import/blipFolder';
import { RunFolder } from '../../run/runFolder';
import { load } from 'js-yaml';
import { localizedMessage } from '../../util/language';
import { localize } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { errnoOf, UserError } from '../../util/userError';
import type { QueuedTraining } from '../queue/trainingQueue';
import type { Run } from '../runs/runRegistry';

/** A training to queue. */
export type PlannedRun = Omit<QueuedTraining, 'id' | 'added'>;

/** The keys and values of a run's configuration, fields of mappings by dotted names. @throws {UserError} as `planRuns` */
export async function configurationOf(run: Run): Promise<{ key: string; value: string }[]> {
  const { base, folder } = await configurationFile(run);
  const values = flatConfig(base, folder);
  const keys = configKeys.flatMap((key) => [
    key,
    ...Object.keys(fieldsOf(definitionOf(key)) ?? {}).map((field) => `${key}.${field}`),
  ]);
  return keys.flatMap((key) => {
    const value = values.get(key);
    return value === undefined ? [] : [{ key, value }];
  });
}

/**
 * Plans one training per combination of the values.
 * @throws {UserError} when the run has no readable configuration, or a value is invalid
 */
export async function planRuns(run: Run, lists: readonly ValueList[]): Promise<PlannedRun[]> {
  const { text, file, folder, base } = await configurationFile(run);
  const before = flatConfig(base, folder);
  const own = run.info.configFile;
  const configFile = own !== '' && (await pathExists(own)) ? own : file;
  return combinations(lists, dirname(configFile)).map((overrides) => {
    const config = parseValid(text, file, overrides);
    const changes = differingKeys([before, flatConfig(config, folder)]);
    return {
      configFile,
      config: dumpConfig(config, folder),
      outputDir: configPaths(config, folder).outputDir,
      changes: changes.map(
        ({ key, values: [from, to] }) => `${key}: ${from ?? '–'} → ${to ?? '–'}`,
      ),
    };
  });
}

/** A configuration that is not saved yet. */
export interface NewConfiguration {
  text: string;
  /** The path to save it to; the file does not exist. */
  file: string;
}

/**
 * Creates the configuration of a single new run: the run's configuration file with its comments if it still exists and can
 * be edited, otherwise the configuration as used.
 * @param fallback the folder to save to if the run's configuration file no longer exists
 * @throws {UserError} as `planRuns`, and when the values result in several runs
 */
export async function newConfiguration(
  run: Run,
  lists: readonly ValueList[],
  fallback: string,
): Promise<NewConfiguration> {
  const [plan, ...others] = await planRuns(run, lists);
  if (others.length > 0)
    throw new UserError(localize('These values create {0} runs.', others.length + 1), {
      hint: localize('Queue them, or give each key one value.'),
    });
  const own = await withComments(run, plan);
  const folder = own === undefined ? fallback : dirname(run.info.configFile);
  return { text: own ?? plan.config, file: await freeName(folder, run.info.name) };
}

/** The text of the run's configuration file, edited to match the plan; undefined if that fails. */
async function withComments(run: Run, plan: PlannedRun): Promise<string | undefined> {
  const { configFile } = run.info;
  if (configFile === '') return undefined;
  const folder = dirname(configFile);
  try {
    let text = await readFile(configFile, 'utf8');
    const now = flatConfig(parseConfig(text).config, folder);
    const wanted = load(plan.config);
    const changed = new Set(
      differingKeys([now, flatten(wanted)]).map(({ key }) => editedKey(key, wanted)),
    );
    for (const key of changed)
      text = applyEdit(text, editConfig(text, { kind: 'set', key, value: valueAt(wanted, key) }));
    const made = flatConfig(parseConfig(text).config, folder);
    return differingKeys([made, flatten(wanted)]).length === 0 ? text : undefined;
  } catch {
    // The file does not exist, or cannot be edited automatically.
    return undefined;
  }
}

/** The key to edit: the mapping of a model is replaced as a whole. */
function editedKey(key: string, config: unknown): string {
  const [name] = key.split('.');
  return typeof valueOf(config, name) === 'object' && (name === 'vit' || name === 'med_config')
    ? name
    : key;
}

function valueAt(config: unknown, key: string): EditValue {
  return key.split('.').reduce((node: unknown, name) => valueOf(node, name), config) as EditValue;
}

function valueOf(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null
    ? (node as Record<string, unknown>)[name]
    : undefined;
}

async function freeName(folder: string, name: string): Promise<string> {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+/, '') || 'run';
  for (let number = 2; ; number++) {
    const file = join(folder, `${plain}-${number}.nlvr.yaml`);
    if (!(await pathExists(file))) return file;
  }
}

interface ConfigurationFile {
  file: string;
  folder: string;
  text: string;
  base: Config;
}

/** Reads the configuration as the run used it. */
async function configurationFile(run: Run): Promise<ConfigurationFile> {
  const folder = folderOfRun(run.folder);
  const file = new RunFolder(folder).config;
  try {
    const text = await readFile(file, 'utf8');
    return { file, folder, text, base: parseValid(text, file, []) };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new UserError(localize('{0} has no configuration to start from.', run.info.name), {
      hint: localize('There is no readable {0}.', file),
    });
  }
}

/** Parses a configuration. @throws {UserError} with its first error */
function parseValid(text: string, file: string, overrides: readonly Override[]): Config {
  const { config, problems } = parseConfigFile(text, file, overrides);
  const error = problems.find(({ severity }) => severity === 'error');
  if (error) throw new UserError(localizedMessage(error));
  return config;
}
