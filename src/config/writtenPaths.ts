/** Finds the paths in the text of a configuration, and those that do not exist. */
import { resolve } from 'node:path';
import { storedMessage, localize, type MessageText } from '../util/localize';
import { definitionOf } from './keys';
import type { ParsedConfig } from './parse';
import { configPaths, isUrl, type ConfigPaths } from './paths';
import type { ConfigProblem, TextRange } from './problem';

/** A path in the text. */
export interface WrittenPath {
  key: string;
  range: TextRange;
  /** Absolute path, or https address. */
  target: string;
  kind: 'file' | 'folder';
}

/** Every path in the text that is not empty, in the order of the text. */
export function writtenPaths({ config, written }: ParsedConfig, folder: string): WrittenPath[] {
  const paths = configPaths(config, folder);
  const found: WrittenPath[] = [];
  for (const [key, places] of written) {
    const definition = definitionOf(key);
    const target = targetOf(key, paths);
    const place = places.at(-1);
    if (definition === undefined || target === undefined || place === undefined) continue;
    const path = definition.kind === 'mapping' ? definition.alternative : definition;
    if (path?.kind !== 'path' || place.value[0] === place.value[1]) continue;
    found.push({ key, range: place.value, target, kind: path.target });
  }
  return found;
}

function targetOf(key: string, paths: ConfigPaths): string | undefined {
  switch (key) {
    case 'image_root':
      return paths.imageRoot;
    case 'ann_root':
      return paths.annRoot;
    case 'ann_files.train':
      return paths.annFiles.train;
    case 'ann_files.val':
      return paths.annFiles.val;
    case 'ann_files.test':
      return paths.annFiles.test;
    case 'curriculum.ann_file':
      return paths.curriculum;
    case 'pretrained':
      return paths.pretrained;
    case 'med_config':
      return paths.medConfig;
    case 'output_dir':
      return paths.outputDir;
    default:
      return undefined;
  }
}

/** Line and column of a range of the text, for a problem. */
export function placeOf(
  { document }: ParsedConfig,
  range: TextRange,
): Pick<ConfigProblem, 'line' | 'column' | 'range'> {
  const { line, col } = document.lines.linePos(range[0]);
  return { line: Math.max(1, line), column: Math.max(1, col), range };
}

/** Looks up what exists at a path; `unknown` if it was not looked up. */
export type Lookup = (path: string) => Promise<'file' | 'folder' | 'unknown' | undefined>;

/**
 * Reports required paths that do not exist, as warnings, because the data may be copied later. The output folder
 * is created on demand, and a missing annotation file with its default name is reported at `ann_root`.
 */
export async function missingPaths(
  parsed: ParsedConfig,
  folder: string,
  lookUp: Lookup,
): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const add = (key: string, range: TextRange, words: MessageText): void => {
    problems.push({
      severity: 'warning',
      code: 'missing-path',
      key,
      ...storedMessage(words),
      suggestions: [],
      ...placeOf(parsed, range),
    });
  };
  const paths = writtenPaths(parsed, folder).filter(
    ({ key, target }) => key !== 'output_dir' && !isUrl(target),
  );
  const missing = new Set<string>();
  for (const { key, range, target, kind } of paths) {
    const found = await lookUp(target);
    // Weights may also be a run folder.
    if (found === kind || found === 'unknown' || (found !== undefined && key === 'pretrained'))
      continue;
    missing.add(key);
    if (key.startsWith('ann_files.') && missing.has('ann_root')) continue;
    add(
      key,
      range,
      found === undefined
        ? localize('`{0}`: {1} does not exist.', key, target)
        : localize(
            kind === 'folder'
              ? '`{0}`: {1} is a file. A folder is required.'
              : '`{0}`: {1} is a folder. A file is required.',
            key,
            target,
          ),
    );
  }
  const root = parsed.written.get('ann_root')?.at(-1)?.value;
  if (root === undefined || missing.has('ann_root')) return problems;
  for (const [split, file] of Object.entries(configPaths(parsed.config, folder).annFiles)) {
    const key = `ann_files.${split}`;
    if (parsed.written.has(key) || (await lookUp(file)) !== undefined) continue;
    add('ann_root', root, localize('`{0}`: {1} does not exist.', key, resolve(file)));
  }
  return problems;
}
