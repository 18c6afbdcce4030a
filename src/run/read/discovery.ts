/** Finds run folders on disk and watches them. */
import { watch, type FSWatcher } from 'node:fs';
import { opendir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathExists } from '../../util/pathExists';
import { isAttemptName } from '../record/attempts';
import { isBlipFolder } from '../import/blipFolder';
import { RunFolder } from '../runFolder';
import { hasRunJson } from './runFormat';

/** Folders that are not searched, because they contain no runs and may be large. */
const skipped = new Set([
  'node_modules',
  'predictions',
  'checkpoint_last',
  'images',
  '__pycache__',
]);
/** Folders with more entries are not searched: they are probably data sets. */
const MAX_ENTRIES = 2000;

export interface FindOptions {
  /** Number of levels below a root that are searched; 0 checks only the roots. */
  maxDepth?: number;
  /** Known run folders, which are not read again. */
  known?: ReadonlySet<string>;
  signal?: AbortSignal;
  /** Also find output folders of BLIP's `train_nlvr.py`. */
  blip?: boolean;
}

/**
 * Finds the run folders at and below `roots`: folders with a `run.json` in our format, or with attempts. Does not search in
 * runs, hidden folders or very large folders; skips unreadable folders and symbolic links.
 * @param roots absolute paths; missing folders are ignored
 * @returns distinct absolute paths
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
        : await inspectFolder(folder, blip);
      if (isRun) found.add(folder);
      else next.push(...folders);
    }
    level = next;
  }
  return [...found];
}

async function inspectFolder(
  folder: string,
  blip: boolean,
): Promise<{ isRun: boolean; folders: string[] }> {
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
    // The folder was deleted, or cannot be read.
  }
  return { isRun: false, folders };
}

/** Whether a folder has attempts: a refused start leaves a record, but no `run.json`. */
async function hasAttempts(folder: string): Promise<boolean> {
  const names = await readdir(new RunFolder(folder).attempts).catch(() => []);
  return names.some(isAttemptName);
}

/** A watcher that can be disposed. */
export interface FolderWatcher {
  dispose(): void;
}

const DEBOUNCE_MS = 250;

/**
 * Calls `onChange` (debounced) when something in a folder changes, and at least every `pollMs`, because network file systems
 * and folders that do not exist yet report no changes.
 */
export function watchFolder(folder: string, onChange: () => void, pollMs = 5000): FolderWatcher {
  let watcher: FSWatcher | undefined;
  let debounce: NodeJS.Timeout | undefined;
  const changed = (): void => {
    debounce ??= setTimeout(() => {
      debounce = undefined;
      onChange();
    }, DEBOUNCE_MS);
  };
  const closeWatcher = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const attach = (): void => {
    try {
      watcher = watch(folder, { persistent: false }, changed);
      watcher.on('error', closeWatcher);
    } catch {
      // The folder does not exist yet, or the limit of watches is reached: the poll below tries again.
    }
  };
  attach();
  let disposed = false;
  const look = async (): Promise<void> => {
    const there = await pathExists(folder);
    if (disposed) return;
    if (!there) closeWatcher();
    else if (!watcher) attach();
    onChange();
  };
  const poll = setInterval(() => void look(), pollMs);
  poll.unref();
  return {
    dispose() {
      disposed = true;
      closeWatcher();
      clearInterval(poll);
      clearTimeout(debounce);
    },
  };
}
