import { basename } from 'node:path';
import { freshRun } from '../../run/freshRun';
import type { RunInfo } from '../../run/runInfo';

/** A process that was started to write a run. */
export interface Starting {
  kind: 'train' | 'evaluate';
  folder: string;
  configFile: string;
  /** When, ISO 8601: before the process was there, so that what it writes itself is later. */
  started: string;
  pid: number;
  processStart: string | null;
}

/**
 * What is known of a run before its process says more.
 * @param earlier the run that it goes on with
 */
export function startedRun(starting: Starting, earlier?: Readonly<RunInfo>): RunInfo {
  const { kind, folder, configFile, started, pid, processStart } = starting;
  const known = { kind, name: basename(folder), configFile, started, pid, processStart };
  const fresh = freshRun(known);
  if (!earlier) return fresh;
  const { state, heartbeat, ended, host } = fresh;
  return { ...earlier, state, started, heartbeat, ended, host, pid, processStart };
}
