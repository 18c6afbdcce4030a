/** Resolves the paths of a configuration: relative ones start at the configuration file's folder. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from './definition';
import { expandedPath } from './expandPath';

/** The configuration in a run folder, and the file that identifies a run folder. */
export const RUN_CONFIG = 'config.yaml';
export const RUN_JSON = 'run.json';

/** Whether a value is an https address, which is not resolved. */
export function isUrl(value: string): boolean {
  return /^https:\/\//i.test(value);
}

/**
 * Resolves a path of the configuration, with `~` and variables expanded. Addresses, the empty string ("none") and
 * absolute paths are unchanged.
 */
function resolvePath(folder: string, value: string): string {
  return value === '' || isUrl(value) ? value : resolve(folder, expandedPath(value));
}

/** The value that means BLIP's text encoder if no file of that name is next to the configuration. */
const BUILT_IN_MED_CONFIG = 'med_config.json';

/** The absolute path of the value of `med_config`, whether or not the file exists. */
export function namedMedConfig(value: string, folder: string): string {
  return resolve(folder, expandedPath(value));
}

/** The file of `med_config`, or undefined for BLIP's own sizes, which need no file. */
export function medConfigPath(value: string, folder: string): string | undefined {
  const file = namedMedConfig(value, folder);
  return value === BUILT_IN_MED_CONFIG && !existsSync(file) ? undefined : file;
}

/** The splits with a key in `ann_files`. */
export type AnnotatedSplit = keyof Config['ann_files'];

/** Every path of a configuration, absolute. */
export interface ConfigPaths {
  imageRoot: string;
  annRoot: string;
  /** Splits without a file are absent. */
  annFiles: Partial<Record<AnnotatedSplit, string>>;
  /** Annotations of the curriculum stage; undefined without one. */
  curriculum: string | undefined;
  /** A path or an https address; undefined to start from random weights. */
  pretrained: string | undefined;
  /** undefined for BLIP's own and for a mapping. */
  medConfig: string | undefined;
  outputDir: string;
}

/** Resolves every path: annotation files relative to `ann_root`, all others relative to the configuration's folder. */
export function configPaths(config: Config, folder: string): ConfigPaths {
  const annRoot = resolve(folder, expandedPath(config.ann_root));
  const annFiles: ConfigPaths['annFiles'] = {};
  for (const split of ['train', 'val', 'test'] as const) {
    const file = config.ann_files[split];
    if (file !== '') annFiles[split] = resolve(annRoot, expandedPath(file));
  }
  return {
    imageRoot: resolve(folder, expandedPath(config.image_root)),
    annRoot,
    annFiles,
    curriculum:
      config.curriculum.ann_file === ''
        ? undefined
        : resolve(annRoot, expandedPath(config.curriculum.ann_file)),
    pretrained: config.pretrained === '' ? undefined : resolvePath(folder, config.pretrained),
    // A getter, because it accesses the disk, and editors need the other paths at every keystroke.
    get medConfig() {
      const value = config.med_config;
      return typeof value === 'string' ? medConfigPath(value, folder) : undefined;
    },
    outputDir: resolve(folder, expandedPath(config.output_dir)),
  };
}
