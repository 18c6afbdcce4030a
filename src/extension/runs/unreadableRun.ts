import { stat } from 'node:fs/promises';
import { migrateRunInfo } from '../../run/read/migrate';
import { RunFolder } from '../../run/runFolder';
import { localizedError } from '../../util/language';
import type { Run } from './runRegistry';

/** A run of which nothing is known but that its `run.json` cannot be read, and why. */
export async function unreadableRun(folder: string, error: unknown): Promise<Run> {
  const written = await stat(new RunFolder(folder).runJson).catch(() => undefined);
  const time = (written?.mtime ?? new Date(0)).toISOString();
  const info = migrateRunInfo({ state: 'stopped', created: time, ended: time }, folder);
  return { folder, info, status: 'unreadable', ...localizedError(error) };
}
