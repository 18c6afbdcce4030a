/** Reads and writes `curves.json`: the source of an imported run's curves, and the scalar of each curve. */
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import { localize } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { errnoOf, UserError } from '../../util/userError';
import type { RunFolder } from '../runFolder';
import { isEventFile, TensorBoardSource } from '../tensorboard/logFolder';
import { CsvSource } from './csvSource';
import { isCurveName, type CurveMapping } from './curveNames';
import type { ScalarSource } from './series';

let trusted = true;

/**
 * Sets whether sources may be read. In an untrusted workspace, a run folder may refer to any file or to a network share of
 * another machine.
 */
export function setSourcesTrusted(value: boolean): void {
  trusted = value;
}

export type CurveFormat = 'tensorboard' | 'csv';

export interface CurvesFile {
  /** Absolute path of the log folder, the event file or the table. */
  source: string;
  format: CurveFormat;
  curves: CurveMapping;
}

export function openScalars({ source, format }: Omit<CurvesFile, 'curves'>): ScalarSource {
  return format === 'csv' ? new CsvSource(source) : new TensorBoardSource(source);
}

/** Determines the format of a path. @param path absolute */
export function detectFormat(path: string, isFolder: boolean): CurveFormat {
  return isFolder || isEventFile(path) ? 'tensorboard' : 'csv';
}

/** Writes the file. It also contains the path relative to the run folder, so that both can be moved together. */
export function writeCurvesFile(folder: RunFolder, { source, format, curves }: CurvesFile): void {
  const content = { version: 1, format, source, relative: relative(folder.root, source), curves };
  writeFileAtomic(folder.curves, JSON.stringify(content, null, 2) + '\n');
}

/**
 * Reads the file.
 * @returns undefined if it does not exist
 * @throws {UserError} if the file is damaged or the source no longer exists
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
