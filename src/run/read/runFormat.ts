/** The format marker of `run.json`, because unrelated programs also write files with that name. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parsePythonJson } from '../../util/pythonJson';
import { RunFolder } from '../runFolder';
import type { RunInfo } from '../runInfo';

/** Value of `format`, the first field of a `run.json`, which all trainers write. */
export const RUN_FORMAT = 'nlvr-run';

/** Formats the content of `run.json`. */
export function runJsonText(info: Readonly<RunInfo>): string {
  return `${JSON.stringify({ format: RUN_FORMAT, ...info }, null, 2)}\n`;
}

/** Whether a folder has a `run.json` that describes a run. */
export async function hasRunJson(folder: string): Promise<boolean> {
  const paths = new RunFolder(folder);
  const text = await readFile(paths.runJson, 'utf8').catch(() => undefined);
  return text !== undefined && isRunJson(text, paths);
}

/** Whether a folder has a `run.json` of an unrelated program. */
export function hasForeignRunJson(folder: RunFolder): boolean {
  try {
    return !isRunJson(readFileSync(folder.runJson, 'utf8'), folder);
  } catch {
    return false;
  }
}

/** Whether the text of a `run.json` describes a run, or did before it was damaged. */
export function isRunJson(text: string, folder: RunFolder): boolean {
  try {
    const raw: unknown = parsePythonJson(text);
    if (typeof raw !== 'object' || raw === null) return false;
    const { format, schema, state, heartbeat } = raw as Record<string, unknown>;
    if (format !== undefined) return format === RUN_FORMAT;
    // Older files have no marker.
    return typeof schema === 'number' && typeof state === 'string' && typeof heartbeat === 'string';
  } catch {
    return text.includes(`"${RUN_FORMAT}"`) || existsSync(folder.events);
  }
}
