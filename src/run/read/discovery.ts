/** Finds run folders on disk and reports changes. */
import { watch, type FSWatcher } from 'node:fs';
import { opendir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathExists } from '../../util/pathExists';
import { isAttemptName } from '../record/attempts';
import { isBlipFolder } from '../import/blipFolder';
import { RunFolder } from '../runFolder';
import { hasRunJson } from './runMark';

/** Folders that hold no runs and may hold a great deal else. */
const skipped = new Set([
  'node_modules',
  'predictions',
  'checkpoint_last',
  'images',
  '__pycache__',
]);
/** A folder with more entries than this is a data set, not a place for runs. */
const MAX_ENTRIES = 2000;

export interface FindOptions {
  /** How many levels below a root are searched; 0 looks at the roots alone. */
  maxDepth?: number;
  /** Folders that are known to be runs: they are not looked at. */
  known?: ReadonlySet<string>;
  signal?: AbortSignal;
  /** Also folders that look like the output of BLIP's `train_nlvr.py`. */
  blip?: boolean;
}

/**
 * Finds the run folders at and below `roots`: folders with a `run.json` of ours or with attempts at a run. Runs are not looked for inside a run,
 * in hidden folders or in very large ones; unreadable folders are passed over. Symbolic links are not followed.
 * @param roots absolute paths; those that do not exist are ignored.
 * @returns absolute paths, each once.
 */
export async function findRunFolders(
  roots: readonly string[],
  { maxDepth = 3, known, signal, blip = false }: FindOptions = {},
): Promise<string[]> {
  const found = new Set<string>();
  const seen = new Set<string>();
  let level = [...new Set(roots)];
  for (let depth = 0; level.length > 0 && depth <= maxDepth; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (signal?.aborted) return [...found];
      if (seen.has(folder)) continue;
      seen.add(folder);
      const { isRun, folders } = known?.has(folder)
        ? { isRun: true, folders: [] }
        : await look(folder, blip);
      if (isRun) found.add(folder);
      else next.push(...folders);
    }
    level = next;
  }
  return [...found];
}

async function look(folder: string, blip: boolean): Promise<{ isRun: boolean; folders: string[] }> {
  if (
    (await hasRunJson(folder)) ||
    (await hasAttempts(folder)) ||
    (blip && (await isBlipFolder(folder)))
  )
    return { isRun: true, folders: [] };
  const folders: string[] = [];
  try {
    let entries = 0;
    for await (const entry of await opendir(folder, { bufferSize: 128 })) {
      if (++entries > MAX_ENTRIES) return { isRun: false, folders: [] };
      if (entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name))
        folders.push(join(folder, entry.name));
    }
  } catch {
    // Gone, or not ours to read.
  }
  return { isRun: false, folders };
}

/** A start that was refused has left a record of that, and no `run.json`. */
async function hasAttempts(folder: string): Promise<boolean> {
  const names = await readdir(new RunFolder(folder).attempts).catch(() => []);
  return names.some(isAttemptName);
}

/** Stops watching. */
export interface RunWatch {
  dispose(): void;
}

const SETTLE_MS = 250;

/**
 * Calls `onChange` soon after anything in a folder changed, and at least every `pollMs`: network file systems
 * (and folders that do not exist yet) report nothing. Changes in quick succession are reported once.
 */
export function watchFolder(folder: string, onChange: () => void, pollMs = 5000): RunWatch {
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;
  const changed = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      onChange();
    }, SETTLE_MS);
  };
  const drop = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const attach = (): void => {
    try {
      watcher = watch(folder, { persistent: false }, changed);
      watcher.on('error', drop);
    } catch {
      // Not there yet, or no watches left: the poll below serves alone and tries again.
    }
  };
  attach();
  let isOver = false;
  const look = async (): Promise<void> => {
    const there = await pathExists(folder);
    if (isOver) return;
    if (!there) drop();
    else if (!watcher) attach();
    onChange();
  };
  const poll = setInterval(() => void look(), pollMs);
  poll.unref();
  return {
    dispose() {
      isOver = true;
      drop();
      clearInterval(poll);
      clearTimeout(settling);
    },
  };
}
