/** Where the paths of a configuration lead: relative ones start at the configuration file's folder. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from './definition';
import { expandedPath } from './expandPath';

/** The configuration in a run folder, and the file that marks a folder as one. */
export const RUN_CONFIG = 'config.yaml';
export const RUN_JSON = 'run.json';

/** True for an https address, which is left as it is. */
export function isUrl(value: string): boolean {
  return /^https:\/\//i.test(value);
}

/**
 * The absolute form of a path of the configuration, with `~` and variables expanded. An address and the empty
 * string ("none") stay as they are; so does an absolute path.
 */
function resolvePath(folder: string, value: string): string {
  return value === '' || isUrl(value) ? value : resolve(folder, expandedPath(value));
}

/** The name that stands for BLIP's own text encoder when no file of that name is next to the configuration. */
const BUILT_IN_MED_CONFIG = 'med_config.json';

/** The file that `med_config` names, whether or not it is there. */
export function namedMedConfig(value: string, folder: string): string {
  return resolve(folder, expandedPath(value));
}

/** The file behind `med_config`, or undefined for BLIP's own measures, which need no file. */
export function medConfigPath(value: string, folder: string): string | undefined {
  const file = namedMedConfig(value, folder);
  return value === BUILT_IN_MED_CONFIG && !existsSync(file) ? undefined : file;
}

/** The splits that have a key of their own under `ann_files`. */
export type AnnotatedSplit = keyof Config['ann_files'];

/** Every path of a configuration, absolute. */
export interface ConfigPaths {
  imageRoot: string;
  annRoot: string;
  /** Splits without a file are absent. */
  annFiles: Partial<Record<AnnotatedSplit, string>>;
  /** Easy examples of the first stage; undefined without one. */
  curriculum: string | undefined;
  /** A path or an https address; undefined to start from random weights. */
  pretrained: string | undefined;
  /** undefined: BLIP's own, or written as a mapping. */
  medConfig: string | undefined;
  outputDir: string;
}

/** Annotation files start at `ann_root`, everything else at the configuration's folder. */
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
    // Looked for on the disk only when it is asked for: editors ask for the others all the time.
    get medConfig() {
      const value = config.med_config;
      return typeof value === 'string' ? medConfigPath(value, folder) : undefined;
    },
    outputDir: resolve(folder, expandedPath(config.output_dir)),
  };
}
