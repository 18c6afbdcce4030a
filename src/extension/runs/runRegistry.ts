/** The runs that the editor knows of; views, panels and commands see them through this. */
import type { Attempt } from '../../run/record/attempts';
import type { RunInfo } from '../../run/runInfo';
import { isActiveStatus, type RunStatus } from '../../run/record/runStatus';

import type { Checkpoints } from './checkpoints';

export type { RunStatus } from '../../run/record/runStatus';

/** A run as it stood when it was last looked at. Immutable: a change makes a new object. */
export interface Run {
  /** Absolute path of the run folder; identifies the run. */
  readonly folder: string;
  /** With the name that a person gave the run, where one did. */
  readonly info: Readonly<RunInfo>;
  /** The name that the run has by itself, where a person gave it another. */
  readonly ownName?: string;
  readonly status: RunStatus;
  /** Why it failed or stopped, or what the newest attempt came to where that left the run as it was. */
  readonly message: string | null;
  /** What to do about it. */
  readonly hint: string | null;
  /** The active attempt, or the one that determined the status of the run. */
  readonly attempt?: Attempt;
  /** Whether that attempt has begun to write the run. */
  readonly begun?: boolean;
  /** The newest attempt, where it left the run as it was; the message is about it. */
  readonly notice?: Attempt;
  /** Unknown where the run cannot be read. */
  readonly checkpoints?: Checkpoints;
}

/** Whether a run is being written to. */
export function isActive(run: Pick<Run, 'status'>): boolean {
  return isActiveStatus(run.status);
}

/** Whether a run hears a request to stop: BLIP and LAVIS do not look for one. */
export function isStoppable(run: Pick<Run, 'status' | 'info'>): boolean {
  return isActive(run) && (run.info.kind !== 'imported' || run.status === 'evaluating');
}

export interface RunRegistry {
  /** Newest first. */
  readonly runs: readonly Run[];
  get(folder: string): Run | undefined;
  /** Adds a folder (also one whose trainer has only just been started) and looks at it. */
  add(folder: string): Promise<Run | undefined>;
  /** Looks at a run, or at everything, again. */
  refresh(folder?: string): Promise<void>;
  /** The events of a run have come to this step; `run.json` has it with the next heartbeat only. */
  reached(folder: string, step: number): void;
  /** Runs appeared, changed or vanished. */
  onDidChange(listener: () => void): { dispose(): void };
}
