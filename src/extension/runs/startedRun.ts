import { hostname } from 'node:os';
import { basename } from 'node:path';
import { RUN_SCHEMA_VERSION, type RunInfo } from '../../run/runInfo';

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
  const known: RunInfo = earlier ?? {
    schema: RUN_SCHEMA_VERSION,
    id: '',
    name: basename(folder),
    kind,
    state: 'starting',
    created: started,
    started,
    ended: null,
    pid,
    processStart,
    host: '',
    heartbeat: started,
    configFile,
    configHash: '',
    versions: { nlvr: '', node: '', tensorflow: null },
    device: null,
    precision: null,
    epoch: 0,
    maxEpoch: 0,
    step: 0,
    totalSteps: 0,
    best: null,
    message: null,
    hint: null,
  };
  return {
    ...known,
    state: 'starting',
    started,
    heartbeat: started,
    ended: null,
    host: hostname(),
    pid,
    processStart,
  };
}
