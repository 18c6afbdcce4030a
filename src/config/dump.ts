/** Writes a configuration as text. */
import { createHash } from 'node:crypto';
import { Document, visit, type Scalar } from 'yaml';
import type { Config, ConfigKey } from './definition';
import { expandedPath } from './expandPath';
import { formatNumber } from './format';
import { configKeys, definitionOf } from './keys';
import { readMedConfig } from './medConfig';
import { configPaths } from './paths';

/**
 * The configuration as YAML: every key, in the order of the definition, with absolute paths and the measures of the text
 * encoder in place of its file, so that it means the same wherever the file is, also when the other file is gone.
 * @param folder that relative paths start from
 * @throws {UserError} when `med_config` names no file that can be used
 */
export function dumpConfig(config: Config, folder: string): string {
  return dump(config, folder, configKeys);
}

function dump(config: Config, folder: string, keys: readonly ConfigKey[]): string {
  const paths = configPaths(config, folder);
  const absolute: Config = {
    ...config,
    image_root: paths.imageRoot,
    ann_root: paths.annRoot,
    pretrained: paths.pretrained ?? '',
    output_dir: paths.outputDir,
    // Relative ones start at `ann_root`; `~` and variables may mean something else elsewhere.
    ann_files: {
      train: expandedPath(config.ann_files.train),
      val: expandedPath(config.ann_files.val),
      test: expandedPath(config.ann_files.test),
    },
    curriculum: { ...config.curriculum, ann_file: expandedPath(config.curriculum.ann_file) },
    med_config: readMedConfig(config, folder),
  };
  const ordered = keys.map((key) => [key, orderedValue(key, absolute[key])]);
  const document = new Document(Object.fromEntries(ordered));
  visit(document, {
    Scalar: (_, node) => {
      writeAsPeopleDo(node);
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
}

/** Fields in the order of the definition, whatever order the file had. */
function orderedValue(key: string, value: unknown): unknown {
  const known = definitionOf(key);
  if (known?.kind !== 'mapping' || typeof value !== 'object' || value === null) return value;
  const given = new Map(Object.entries(value));
  return Object.fromEntries(Object.keys(known.fields).map((field) => [field, given.get(field)]));
}

/** `3e-5`, not `0.00003`. */
function writeAsPeopleDo(node: Scalar): void {
  if (typeof node.value === 'number' && formatNumber(node.value).includes('e')) node.format = 'EXP';
}

/** SHA-256 (hexadecimal) of the configuration as used, whatever the file's order, style and comments, and the run's place. */
export function configHash(config: Config, folder: string): string {
  const keys = configKeys.filter((key) => key !== 'output_dir');
  return createHash('sha256')
    .update(dump(config, folder, keys))
    .digest('hex');
}
