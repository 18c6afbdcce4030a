import { readFile } from 'node:fs/promises';
import { loadYaml } from '../config/document';
import { flatten, type FlatConfig } from '../config/flat';
import { RunFolder } from './runFolder';

/** The configuration that a run was made with; empty where its file is missing or broken. */
export async function readFlatConfig(runFolder: string): Promise<FlatConfig> {
  try {
    return flatten(loadYaml(await readFile(new RunFolder(runFolder).config, 'utf8')));
  } catch {
    return new Map();
  }
}
