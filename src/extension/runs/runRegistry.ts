/** The runs that the editor knows of; views, panels and commands see them through this. */
import type { RunInfo } from '../../run/runInfo';

/**
 * How a run stands, as a person sees it. Unlike `RunInfo.state` it takes into account whether the trainer is
 * still there: a run that says "running" while its process is gone has `failed`.
 * `stopping`: it was asked to stop and has not ended yet. `lost`: it belongs to another host, which has been silent.
 * `unreadable`: there is a `run.json`, and nothing can be learnt from it.
 */
export type RunStatus =
  'starting' | 'running' | 'stopping' | 'stopped' | 'finished' | 'failed' | 'lost' | 'unreadable';

/** A run as it stood when it was last looked at. Immutable: a change makes a new object. */
export interface Run {
  /** Absolute path of the run folder; identifies the run. */
  readonly folder: string;
  readonly info: Readonly<RunInfo>;
  readonly status: RunStatus;
  /** Why it failed or stopped, from `run.json` or from the trainer's last words. */
  readonly message: string | null;
  /** What to do about it. */
  readonly hint: string | null;
}

/** Whether a run is being written to. */
export function isActive(run: Pick<Run, 'status'>): boolean {
  return run.status === 'starting' || run.status === 'running' || run.status === 'stopping';
}

export interface RunRegistry {
  /** Newest first. */
  readonly runs: readonly Run[];
  get(folder: string): Run | undefined;
  /** Adds a folder (also one whose trainer has only just been started) and looks at it. */
  add(folder: string): Promise<Run | undefined>;
  /** Looks at a run, or at everything, again. */
  refresh(folder?: string): Promise<void>;
  /** Runs appeared, changed or vanished. */
  onDidChange(listener: () => void): { dispose(): void };
}
