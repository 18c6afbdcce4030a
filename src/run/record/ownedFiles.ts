import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunFolder } from '../runFolder';

/** The contents of a run folder. */
export interface FolderContent {
  /** Files of the run, including notes about it; absolute paths. */
  owned: string[];
  /** Names of other files. */
  others: string[];
}

const temporary = /^\..+\.tmp$|^\.run\.lock\./;
const epochCheckpoint = /^checkpoint_\d{3,}\.safetensors$/;

/** Separates the files of a run from other files in its folder. Does not search subfolders. */
export function listContent(folder: RunFolder): FolderContent {
  const ours = new Set(
    [...folder.owned, folder.attempts, folder.notes, folder.lock].map((file) => basename(file)),
  );
  const content: FolderContent = { owned: [], others: [] };
  for (const name of readdirSync(folder.root).sort())
    if (ours.has(name) || epochCheckpoint.test(name) || temporary.test(name))
      content.owned.push(join(folder.root, name));
    else content.others.push(name);
  return content;
}
