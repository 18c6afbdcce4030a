import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Hash of everything a check depends on that a user edits: the text of the configuration, and size and modification time
 * of the annotation files, the `med_config` file and the image folder. Single images are not included.
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
