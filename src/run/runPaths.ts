import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configPaths, type ConfigPaths } from '../config/paths';
import { parseConfigFile } from '../config/relocate';
import { pathExists } from '../util/pathExists';
import { RunFolder } from './runFolder';

/**
 * Returns the paths of a run's images and annotations from its configuration; null if that cannot be read. If the image
 * folder does not exist (for a run of another machine), uses the configuration of the last evaluation in the folder.
 * @param configFile original configuration file: relative paths are relative to its folder
 */
export async function runPaths(runFolder: string, configFile: string): Promise<ConfigPaths | null> {
  const { config: copy, evaluationConfig } = new RunFolder(runFolder);
  const own = await pathsIn(copy, dirname(configFile === '' ? copy : configFile));
  if (own && (await pathExists(own.imageRoot))) return own;
  return (await pathsIn(evaluationConfig, runFolder)) ?? own;
}

/** @param folder base folder of relative paths */
async function pathsIn(file: string, folder: string): Promise<ConfigPaths | null> {
  try {
    const { config } = parseConfigFile(await readFile(file, 'utf8'), file);
    return configPaths(config, folder);
  } catch {
    return null;
  }
}
