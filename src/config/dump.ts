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
 * Converts a configuration to YAML: every key, in the order of the definition, with absolute paths and the sizes of the text
 * encoder instead of its file, so that the meaning does not depend on other files or on the location.
 * @param folder from which relative paths start
 * @throws {UserError} if the file of `med_config` is missing or invalid
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
    // Relative paths start at `ann_root`; `~` and variables may have other values on another machine.
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
      useExponent(node);
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
}

/** Sorts fields in the order of the definition. */
function orderedValue(key: string, value: unknown): unknown {
  const known = definitionOf(key);
  if (known?.kind !== 'mapping' || typeof value !== 'object' || value === null) return value;
  const given = new Map(Object.entries(value));
  return Object.fromEntries(Object.keys(known.fields).map((field) => [field, given.get(field)]));
}

/** Writes `3e-5` instead of `0.00003`. */
function useExponent(node: Scalar): void {
  if (typeof node.value === 'number' && formatNumber(node.value).includes('e')) node.format = 'EXP';
}

/** SHA-256 (hexadecimal) of the configuration as used, independent of the file's order, style and comments, and of `output_dir`. */
export function configHash(config: Config, folder: string): string {
  const keys = configKeys.filter((key) => key !== 'output_dir');
  return createHash('sha256')
    .update(dump(config, folder, keys))
    .digest('hex');
}
