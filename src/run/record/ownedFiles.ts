import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunFolder } from '../runFolder';

/** What a run folder holds. */
export interface FolderContent {
  /** What the run wrote, with notes about it; absolute. */
  owned: string[];
  /** Everything else: names. */
  others: string[];
}

const temporary = /^\..+\.tmp$|^\.run\.lock\./;
const epochCheckpoint = /^checkpoint_\d{3,}\.safetensors$/;

/** Distinguishes what a run wrote from other files in its folder. Subfolders are not searched. */
export function contentOf(folder: RunFolder): FolderContent {
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
