/**
 * Derives the status of a run from its `run.json` and its attempts, for views, notifications and the command line. The cases
 * are listed in docs/run-status.md, which test/unit/runStatus.test.ts checks.
 */
import type { Attempt } from './attempts';
import type { Liveness } from './owner';
import type { RunInfo } from '../runInfo';

/**
 * Status as shown to the user. `stopping`: a stop was requested, but the run has not ended yet. `evaluating`: a checkpoint
 * of an ended training is being evaluated in its folder. `lost`: the process cannot be looked up and has sent no heartbeat.
 * `unreadable`: `run.json` is damaged.
 */
export type RunStatus =
  | 'starting'
  | 'running'
  | 'evaluating'
  | 'stopping'
  | 'stopped'
  | 'finished'
  | 'failed'
  | 'lost'
  | 'unreadable';

/** An attempt with the liveness of its process. */
export interface ObservedAttempt {
  attempt: Attempt;
  /** `pending`: requested recently; its process has not started yet. */
  liveness: Liveness | 'pending';
}

export interface RunFacts {
  /** undefined: `run.json` does not exist (yet). */
  info: RunInfo | undefined;
  /** Liveness of the process in `run.json`. */
  liveness: Liveness;
  /** Newest first. */
  attempts: readonly ObservedAttempt[];
  /** Whether `stop.request` exists. */
  stopRequested: boolean;
}

export interface DerivedStatus {
  status: Exclude<RunStatus, 'unreadable'>;
  /** The attempt that determines the status; undefined if only `run.json` does. */
  attempt: Attempt | undefined;
  /** Whether the process ended without an outcome. */
  died: boolean;
  /** A newer attempt that did not change the run: a refused one, or a failed evaluation in its folder. */
  notice: ObservedAttempt | undefined;
}

/** Statuses of a run whose folder a process is writing to. */
export function isActiveStatus(status: RunStatus): boolean {
  return (
    status === 'starting' ||
    status === 'running' ||
    status === 'evaluating' ||
    status === 'stopping'
  );
}

/** Derives the status. @returns undefined if there is neither a `run.json` nor a relevant attempt */
export function deriveStatus(facts: RunFacts): DerivedStatus | undefined {
  const { info, stopRequested } = facts;
  // Attempts that were stopped before the run was created are not shown.
  const attempts = info
    ? facts.attempts
    : facts.attempts.filter(({ attempt }) => attempt.outcome?.state !== 'stopped');
  const active = attempts.findIndex(isLive);
  if (active >= 0) {
    const { attempt } = attempts[active];
    const status = stopRequested ? 'stopping' : activeStatus(attempt, info);
    return { status, attempt, died: false, notice: selectNotice(attempts.slice(0, active)) };
  }
  const decisive = attempts.findIndex(({ attempt }) => determinesStatus(attempt, info));
  if (decisive < 0) {
    if (info) return { ...statusFromRunJson(facts, info), notice: selectNotice(attempts) };
    // All attempts were refused.
    const [newest] = attempts;
    return newest && { status: 'failed', attempt: newest.attempt, died: false, notice: undefined };
  }
  const { attempt, liveness } = attempts[decisive];
  const end = attempt.outcome?.ended ?? info?.ended ?? '';
  const notice = selectNotice(attempts.slice(0, decisive), end);
  if (info?.attempt === undefined && info && info.started > attempt.created)
    // A trainer that writes no attempts has continued the run.
    return { ...statusFromRunJson(facts, info), notice };
  const own = info?.attempt === attempt.id ? info : undefined;
  if (own && own.state !== 'starting' && own.state !== 'running')
    return { status: own.state, attempt, died: false, notice };
  const { outcome } = attempt;
  if (outcome && outcome.state !== 'refused')
    return { status: outcome.state, attempt, died: false, notice };
  if (liveness === 'stale') return { status: 'lost', attempt, died: false, notice };
  return { status: 'failed', attempt, died: true, notice };
}

function isLive({ attempt, liveness }: ObservedAttempt): boolean {
  return attempt.outcome === null && liveness !== 'dead' && liveness !== 'stale';
}

/** Whether an attempt is an evaluation in the folder of a training, which does not change the training. */
function isAttachedEvaluation({ kind }: Attempt, info: RunInfo | undefined): boolean {
  return kind === 'evaluate' && info !== undefined && info.kind !== 'evaluate';
}

function activeStatus(
  attempt: Attempt,
  info: RunInfo | undefined,
): 'starting' | 'running' | 'evaluating' {
  if (isAttachedEvaluation(attempt, info)) return 'evaluating';
  switch (attempt.phase) {
    case 'starting':
    case 'waiting':
    case 'checking':
    case 'loading':
      return 'starting';
    case 'recording':
    case 'training':
    case 'evaluating':
    case 'saving':
      return 'running';
  }
}

/** Whether an ended attempt determines the status of the run. */
function determinesStatus(attempt: Attempt, info: RunInfo | undefined): boolean {
  return attempt.outcome?.state !== 'refused' && !isAttachedEvaluation(attempt, info);
}

/**
 * Selects the newest of the attempts that do not determine the status, if it must be reported.
 * @param end end of the attempt that determines the status, ISO 8601
 */
function selectNotice(others: readonly ObservedAttempt[], end = ''): ObservedAttempt | undefined {
  const [newest] = others;
  const outcome = newest?.attempt.outcome;
  if (outcome?.state === 'finished' || outcome?.state === 'stopped') return undefined;
  // An attempt that was refused while the run was active is irrelevant after the run has ended.
  return outcome && outcome.ended < end ? undefined : newest;
}

/** The status for runs without attempts: of older versions and of other trainers. */
function statusFromRunJson(
  { liveness, stopRequested }: RunFacts,
  { state }: RunInfo,
): Omit<DerivedStatus, 'notice'> {
  const status = (
    status: DerivedStatus['status'],
    died = false,
  ): Omit<DerivedStatus, 'notice'> => ({
    status,
    attempt: undefined,
    died,
  });
  if (state !== 'starting' && state !== 'running') return status(state);
  switch (liveness) {
    case 'alive':
    case 'remote':
      return status(stopRequested ? 'stopping' : state);
    case 'stale':
      return status('lost');
    case 'dead':
      return status('failed', true);
  }
}
