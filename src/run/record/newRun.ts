import { hostname } from 'node:os';
import { RUN_SCHEMA_VERSION, type RunInfo } from '../runInfo';

/** The required fields of a new run; others are optional. */
export type NewRun = Pick<
  RunInfo,
  'kind' | 'name' | 'configFile' | 'started' | 'pid' | 'processStart'
> &
  Partial<RunInfo>;

/** Creates the description of a new run on this machine. */
export function newRun(fields: NewRun): RunInfo {
  const { started } = fields;
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
    ...fields,
  };
}
