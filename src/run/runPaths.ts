import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configPaths, type ConfigPaths } from '../config/paths';
import { parseConfigFile } from '../config/relocate';
import { RunFolder } from './runFolder';

/**
 * Where a run's images and annotations lie, by the configuration it was started with; null when the run folder has none
 * that can be read.
 * @param configFile the file it was copied from: relative paths start at its folder.
 */
export async function runPaths(runFolder: string, configFile: string): Promise<ConfigPaths | null> {
  const { config: copy } = new RunFolder(runFolder);
  try {
    const { config } = parseConfigFile(await readFile(copy, 'utf8'), copy);
    return configPaths(config, dirname(configFile === '' ? copy : configFile));
  } catch {
    return null;
  }
}
