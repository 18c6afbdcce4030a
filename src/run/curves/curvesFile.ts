/** `curves.json`: where the curves of an imported run are read from, and which scalar is which curve. */
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import { localize } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { errnoOf, UserError } from '../../util/userError';
import type { RunFolder } from '../runFolder';
import { isEventFile, TensorBoardSource } from '../tensorboard/logFolder';
import { CsvSource } from './csvSource';
import { isCurveName, type Chosen } from './roles';
import type { ScalarSource } from './series';

let trusted = true;

/**
 * Whether sources may be read. A run folder can come with a workspace that nobody trusts, and name any file or a share of
 * a stranger's machine.
 */
export function trustSources(value: boolean): void {
  trusted = value;
}

export type CurveFormat = 'tensorboard' | 'csv';

export interface CurvesFile {
  /** Absolute path of the log folder, the event file or the table. */
  source: string;
  format: CurveFormat;
  curves: Chosen;
}

export function openScalars({ source, format }: Omit<CurvesFile, 'curves'>): ScalarSource {
  return format === 'csv' ? new CsvSource(source) : new TensorBoardSource(source);
}

/** What a path holds, by its kind. @param path absolute */
export function formatOf(path: string, isFolder: boolean): CurveFormat {
  return isFolder || isEventFile(path) ? 'tensorboard' : 'csv';
}

/** The source is named from the run folder as well, so that both can be moved together. */
export function writeCurvesFile(folder: RunFolder, { source, format, curves }: CurvesFile): void {
  const content = { version: 1, format, source, relative: relative(folder.root, source), curves };
  writeFileAtomic(folder.curves, JSON.stringify(content, null, 2) + '\n');
}

/**
 * @returns undefined where there is none
 * @throws {UserError} when the file is damaged, or what it names is gone
 */
export async function readCurvesFile(folder: RunFolder): Promise<CurvesFile | undefined> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(folder.curves, 'utf8'));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw new UserError(localize('{0} is not valid JSON.', folder.curves), {
      hint: localize('Import the curves again.'),
      cause,
    });
  }
  const raw = (typeof content === 'object' && content !== null ? content : {}) as {
    format?: unknown;
    source?: unknown;
    relative?: unknown;
    curves?: unknown;
  };
  if (!trusted)
    throw new UserError(
      localize('The curves of the run are read from files outside the run folder.'),
      {
        hint: localize('Trust this workspace to see them.'),
      },
    );
  const named = typeof raw.source === 'string' ? raw.source : '';
  const moved = typeof raw.relative === 'string' ? resolve(folder.root, raw.relative) : named;
  const source = (await pathExists(named)) ? named : moved;
  if (!(await pathExists(source)))
    throw new UserError(
      localize('The curves of the run are read from {0}, which no longer exists.', named),
      {
        hint: localize('Restore it, or import the curves again from their new location.'),
      },
    );
  const chosen = typeof raw.curves === 'object' && raw.curves !== null ? raw.curves : {};
  return {
    source,
    format: raw.format === 'csv' ? 'csv' : 'tensorboard',
    curves: Object.fromEntries(
      Object.entries(chosen).filter(
        ([name, scalar]) => isCurveName(name) && typeof scalar === 'string',
      ),
    ),
  };
}
