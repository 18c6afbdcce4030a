import { stat } from 'node:fs/promises';
import { migrateRunInfo } from '../../run/read/migrate';
import { RunFolder } from '../../run/runFolder';
import { localizedError } from '../../util/language';
import type { Run } from './runRegistry';

/** Creates the entry of a run whose `run.json` cannot be read, with the reason. */
export async function unreadableRun(folder: string, error: unknown): Promise<Run> {
  const written = await stat(new RunFolder(folder).runJson).catch(() => undefined);
  const time = (written?.mtime ?? new Date(0)).toISOString();
  const info = migrateRunInfo({ state: 'stopped', created: time, ended: time }, folder);
  return { folder, info, status: 'unreadable', ...localizedError(error) };
}
