/**
 * The status of a run: one pure function of its `run.json` and its attempts. Views, notifications and the command line
 * all say what it says. The table of its cases is docs/run-status.md, which test/unit/runStatus.test.ts holds to it.
 */
import type { Attempt } from './attempts';
import type { Presence } from './owner';
import type { RunInfo } from '../runInfo';

/**
 * As a person sees it. `stopping`: it was asked to stop and has not ended yet. `evaluating`: a checkpoint of a training
 * that has ended is being evaluated in its folder. `lost`: it belongs to a process that cannot be looked up from here
 * and has been silent. `unreadable`: there is a `run.json`, and nothing can be learnt from it.
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

/** An attempt with what is known of its process. */
export interface SeenAttempt {
  attempt: Attempt;
  /** `unborn`: asked for a moment ago; its process has not begun yet. */
  presence: Presence | 'unborn';
}

export interface RunFacts {
  /** undefined: there is no `run.json` (yet). */
  info: RunInfo | undefined;
  /** Of the process that `run.json` names. */
  presence: Presence;
  /** Newest first. */
  attempts: readonly SeenAttempt[];
  /** There is a `stop.request`. */
  stopRequested: boolean;
}

export interface DerivedStatus {
  status: Exclude<RunStatus, 'unreadable'>;
  /** The attempt that the status is about; undefined where `run.json` alone decides. */
  attempt: Attempt | undefined;
  /** It ended without saying why. */
  died: boolean;
  /** A newer attempt that left the run as it was: refused, or an evaluation in its folder that came to nothing. */
  notice: SeenAttempt | undefined;
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

/** @returns undefined when there is neither a `run.json` nor an attempt that came to anything. */
export function deriveStatus(facts: RunFacts): DerivedStatus | undefined {
  const { info, stopRequested } = facts;
  // What was stopped before there was a run leaves none.
  const attempts = info
    ? facts.attempts
    : facts.attempts.filter(({ attempt }) => attempt.outcome?.state !== 'stopped');
  const active = attempts.findIndex(isLive);
  if (active >= 0) {
    const { attempt } = attempts[active];
    const status = stopRequested ? 'stopping' : activeStatus(attempt, info);
    return { status, attempt, died: false, notice: noticeIn(attempts.slice(0, active)) };
  }
  const decisive = attempts.findIndex(({ attempt }) => decides(attempt, info));
  if (decisive < 0) {
    if (info) return { ...byRunJson(facts, info), notice: noticeIn(attempts) };
    // All that was ever tried here was refused.
    const [newest] = attempts;
    return newest && { status: 'failed', attempt: newest.attempt, died: false, notice: undefined };
  }
  const { attempt, presence } = attempts[decisive];
  const end = attempt.outcome?.ended ?? info?.ended ?? '';
  const notice = noticeIn(attempts.slice(0, decisive), end);
  if (info?.attempt === undefined && info && info.started > attempt.created)
    // A trainer that keeps no attempts has gone on with the run.
    return { ...byRunJson(facts, info), notice };
  const own = info?.attempt === attempt.id ? info : undefined;
  if (own && own.state !== 'starting' && own.state !== 'running')
    return { status: own.state, attempt, died: false, notice };
  const { outcome } = attempt;
  if (outcome && outcome.state !== 'refused')
    return { status: outcome.state, attempt, died: false, notice };
  if (presence === 'silent') return { status: 'lost', attempt, died: false, notice };
  return { status: 'failed', attempt, died: true, notice };
}

function isLive({ attempt, presence }: SeenAttempt): boolean {
  return attempt.outcome === null && presence !== 'gone' && presence !== 'silent';
}

/** An evaluation in the folder of a training, which leaves the training as it is. */
function isGuest({ kind }: Attempt, info: RunInfo | undefined): boolean {
  return kind === 'evaluate' && info !== undefined && info.kind !== 'evaluate';
}

function activeStatus(
  attempt: Attempt,
  info: RunInfo | undefined,
): 'starting' | 'running' | 'evaluating' {
  if (isGuest(attempt, info)) return 'evaluating';
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

/** Whether an attempt that is over determines the status of the run. */
function decides(attempt: Attempt, info: RunInfo | undefined): boolean {
  return attempt.outcome?.state !== 'refused' && !isGuest(attempt, info);
}

/**
 * Of those that do not decide, the newest, where there is something to say about it.
 * @param end when the attempt that decides ended, ISO 8601
 */
function noticeIn(passed: readonly SeenAttempt[], end = ''): SeenAttempt | undefined {
  const [newest] = passed;
  const outcome = newest?.attempt.outcome;
  if (outcome?.state === 'finished' || outcome?.state === 'stopped') return undefined;
  // What was refused while the run was active no longer matters once the run has ended.
  return outcome && outcome.ended < end ? undefined : newest;
}

/** Runs of older versions and of other trainers have no attempts. */
function byRunJson(
  { presence, stopRequested }: RunFacts,
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
  switch (presence) {
    case 'here':
    case 'elsewhere':
      return status(stopRequested ? 'stopping' : state);
    case 'silent':
      return status('lost');
    case 'gone':
      return status('failed', true);
  }
}
