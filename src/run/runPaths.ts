import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configPaths, type ConfigPaths } from '../config/paths';
import { parseConfigFile } from '../config/relocate';
import { pathExists } from '../util/pathExists';
import { RunFolder } from './runFolder';

/**
 * Where a run's images and annotations lie, by the configuration it was started with; null when the run folder has none
 * that can be read. Another trainer's may name a folder of another machine: then the configuration counts with which its
 * checkpoint was evaluated here.
 * @param configFile the file it was copied from: relative paths start at its folder.
 */
export async function runPaths(runFolder: string, configFile: string): Promise<ConfigPaths | null> {
  const { config: copy, evaluationConfig } = new RunFolder(runFolder);
  const own = await pathsIn(copy, dirname(configFile === '' ? copy : configFile));
  if (own && (await pathExists(own.imageRoot))) return own;
  return (await pathsIn(evaluationConfig, runFolder)) ?? own;
}

/** @param folder that relative paths start from */
async function pathsIn(file: string, folder: string): Promise<ConfigPaths | null> {
  try {
    const { config } = parseConfigFile(await readFile(file, 'utf8'), file);
    return configPaths(config, folder);
  } catch {
    return null;
  }
}
