import { readFile } from 'node:fs/promises';
import { loadYaml } from '../config/document';
import { flatten, type FlatConfig } from '../config/flat';
import { RunFolder } from './runFolder';

/** Reads the configuration of a run; empty if its file is missing or damaged. */
export async function readFlatConfig(runFolder: string): Promise<FlatConfig> {
  try {
    return flatten(loadYaml(await readFile(new RunFolder(runFolder).config, 'utf8')));
  } catch {
    return new Map();
  }
}
