import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Changes whenever a check could come out differently for what a person edits: the configuration's text, and size and
 * time of the annotation files, the text encoder's file and the image folder. It does not look at the images one by one.
 */
export async function fingerprintOf(configuration: string): Promise<string> {
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  const text = await readFile(configuration, 'utf8').catch(() => '');
  const paths = configPaths(parseConfig(text).config, dirname(configuration));
  const files = [
    ...Object.values(paths.annFiles),
    paths.curriculum,
    paths.medConfig,
    paths.imageRoot,
  ];
  const hash = createHash('sha256').update(text);
  for (const file of files) {
    const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
    hash.update(`\n${file} ${found?.size} ${found?.mtimeMs}`);
  }
  return hash.digest('hex');
}
