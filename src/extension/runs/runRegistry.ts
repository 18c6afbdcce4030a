/** The interface through which views, panels and commands access runs. */
import type { Attempt } from '../../run/record/attempts';
import type { RunInfo } from '../../run/runInfo';
import { isActiveStatus, type RunStatus } from '../../run/record/runStatus';

import type { Checkpoints } from './checkpoints';

export type { RunStatus } from '../../run/record/runStatus';

/** A run when it was last read. Immutable: a change creates a new object. */
export interface Run {
  /** Absolute path of the run folder; identifies the run. */
  readonly folder: string;
  /** Includes the name that the user gave the run, if any. */
  readonly info: Readonly<RunInfo>;
  /** The original name of the run, if the user gave it another. */
  readonly ownName?: string;
  readonly status: RunStatus;
  /** Why it failed or stopped, or the outcome of the newest attempt if that did not change the run. */
  readonly message: string | null;
  /** What to do about it. */
  readonly hint: string | null;
  /** The active attempt, or the one that determined the status of the run. */
  readonly attempt?: Attempt;
  /** Whether that attempt has begun to write the run. */
  readonly begun?: boolean;
  /** The newest attempt if it did not change the run; `message` is about it. */
  readonly notice?: Attempt;
  /** undefined if the run cannot be read. */
  readonly checkpoints?: Checkpoints;
}

/** Whether a process is writing the run. */
export function isActive(run: Pick<Run, 'status'>): boolean {
  return isActiveStatus(run.status);
}

/** Whether a run responds to a stop request: BLIP and LAVIS do not. */
export function isStoppable(run: Pick<Run, 'status' | 'info'>): boolean {
  return isActive(run) && (run.info.kind !== 'imported' || run.status === 'evaluating');
}

export interface RunRegistry {
  /** Newest first. */
  readonly runs: readonly Run[];
  get(folder: string): Run | undefined;
  /** Adds a folder (possibly of a trainer that has just started) and reads it. */
  add(folder: string): Promise<Run | undefined>;
  /** Reads one run or all runs again. */
  refresh(folder?: string): Promise<void>;
  /** Reports the last step in the events of a run, which `run.json` has only after the next heartbeat. */
  reached(folder: string, step: number): void;
  /** Calls the listener when runs were added, changed or removed. */
  onDidChange(listener: () => void): { dispose(): void };
}
