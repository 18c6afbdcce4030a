/** Writes a configuration as text. */
import { createHash } from 'node:crypto';
import { Document, visit, type Scalar } from 'yaml';
import type { Config } from './definition';
import { expandedPath } from './expandPath';
import { formatNumber } from './format';
import { configKeys, definitionOf } from './keys';
import { configPaths } from './paths';

/**
 * The configuration as YAML: every key, in the order of the definition, with absolute paths, so that it
 * means the same wherever the file lies.
 * @param folder that relative paths start from
 */
export function dumpConfig(config: Config, folder: string): string {
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
    med_config: paths.medConfig ?? config.med_config,
  };
  const ordered = configKeys.map((key) => [key, orderedValue(key, absolute[key])]);
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

/** SHA-256 (hexadecimal) of the configuration as used, whatever the file's order, style and comments. */
export function configHash(config: Config, folder: string): string {
  return createHash('sha256').update(dumpConfig(config, folder)).digest('hex');
}
