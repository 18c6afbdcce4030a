/**
 * Resolves the paths of a run folder that was moved. Its `config.yaml` has absolute paths, and `output_dir` is the
 * original location: data that was moved together with it has the same path relative to the folder.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Config } from './definition';
import { parseConfig, type ParsedConfig } from './parse';
import type { Override } from './overrides';
import { isUrl, RUN_CONFIG, RUN_JSON } from './paths';

/**
 * Parses the text of a configuration file. In a run's own copy, paths that no longer exist are resolved relative to the
 * current location of the folder, and `output_dir` is that folder.
 * @param file absolute
 * @param overrides values that override the file's; they are not relocated
 */
export function parseConfigFile(
  text: string,
  file: string,
  overrides: readonly Override[] = [],
): ParsedConfig {
  const parsed = parseConfig(text, overrides);
  const folder = dirname(file);
  if (basename(file) !== RUN_CONFIG || !existsSync(join(folder, RUN_JSON))) return parsed;
  const { output_dir: originalFolder } =
    overrides.length === 0 ? parsed.config : parseConfig(text).config;
  if (!isAbsolute(originalFolder) || originalFolder === folder) return parsed;
  const isOverridden = (name: string): boolean =>
    overrides.some(({ key }) => key === name || key.startsWith(`${name}.`));
  return { ...parsed, config: relocate(parsed.config, originalFolder, folder, isOverridden) };
}

function relocate(
  config: Config,
  home: string,
  folder: string,
  isOverridden: (key: string) => boolean,
): Config {
  const path = (
    key: string,
    value: string,
    isValid: (relocated: string) => boolean = existsSync,
  ): string => {
    if (isOverridden(key) || !isAbsolute(value) || isUrl(value) || existsSync(value)) return value;
    const there = resolve(folder, relative(home, value));
    return isValid(there) ? there : value;
  };
  const { ann_files: files, curriculum, med_config: med } = config;
  // A parent folder always exists, so check for annotations in it.
  const hasAnnotations = (there: string): boolean =>
    Object.values(files).some((name) => name !== '' && existsSync(resolve(there, name)));
  return {
    ...config,
    output_dir: isOverridden('output_dir') ? config.output_dir : folder,
    image_root: path('image_root', config.image_root),
    ann_root: path('ann_root', config.ann_root, hasAnnotations),
    pretrained: path('pretrained', config.pretrained),
    med_config: typeof med === 'string' ? path('med_config', med) : med,
    ann_files: {
      train: path('ann_files', files.train),
      val: path('ann_files', files.val),
      test: path('ann_files', files.test),
    },
    curriculum: { ...curriculum, ann_file: path('curriculum', curriculum.ann_file) },
  };
}
