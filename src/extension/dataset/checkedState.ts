import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Changes whenever a check could come out differently for what a person edits: the configuration's text, and size and
 * time of the annotation files, the text encoder's file and the image folder. It does not look at the images one by one.
 */
export async function fingerprintOf(configuration: string): Promise<string> {
  const { parseConfig } = await import('../../config/parse');
  const { configPaths, namedMedConfig } = await import('../../config/paths');
  const text = await readFile(configuration, 'utf8').catch(() => '');
  const { config } = parseConfig(text);
  const folder = dirname(configuration);
  const paths = configPaths(config, folder);
  const { med_config: model } = config;
  const files = [
    ...Object.values(paths.annFiles),
    paths.curriculum,
    typeof model === 'string' ? namedMedConfig(model, folder) : undefined,
    paths.imageRoot,
  ];
  const hash = createHash('sha256').update(text);
  for (const file of files) {
    const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
    hash.update(`\n${file} ${found?.size} ${found?.mtimeMs}`);
  }
  return hash.digest('hex');
}
