import { hostname } from 'node:os';
import { RUN_SCHEMA_VERSION, type RunInfo } from '../runInfo';

/** What is known of a run as it begins; the rest may be known already, too. */
export type NewRun = Pick<
  RunInfo,
  'kind' | 'name' | 'configFile' | 'started' | 'pid' | 'processStart'
> &
  Partial<RunInfo>;

/** A run on this machine that begins now: it has done nothing yet. */
export function newRun(beginning: NewRun): RunInfo {
  const { started } = beginning;
  return {
    schema: RUN_SCHEMA_VERSION,
    id: '',
    state: 'starting',
    created: started,
    ended: null,
    host: hostname(),
    heartbeat: started,
    configHash: '',
    versions: { nlvr: '', node: '', tensorflow: null },
    device: null,
    precision: null,
    threads: null,
    lanes: null,
    epoch: 0,
    maxEpoch: 0,
    step: 0,
    totalSteps: 0,
    trainedSeconds: 0,
    best: null,
    message: null,
    hint: null,
    ...beginning,
  };
}
