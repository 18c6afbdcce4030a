/** The cases of the status of a run, which docs/run-status.md lists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newAttempt, type Attempt, type AttemptOutcome } from '../../src/run/record/attempts';
import { migrateRunInfo } from '../../src/run/read/migrate';
import type { RunInfo } from '../../src/run/runInfo';
import { deriveStatus, type RunFacts, type ObservedAttempt } from '../../src/run/record/runStatus';

type Liveness = ObservedAttempt['liveness'];

let attemptCount = 0;
/** Ascending times. */
function attempt(
  kind: Attempt['kind'],
  more: Partial<Attempt>,
  liveness: Liveness = 'dead',
): ObservedAttempt {
  const base = newAttempt({ kind, arguments: [], configFile: null, askedBy: 'terminal' });
  const id = String(++attemptCount).padStart(6, '0');
  return { attempt: { ...base, id, ...more }, liveness };
}

const runningAttempt = (
  kind: Attempt['kind'],
  phase: Attempt['phase'],
  liveness: Liveness = 'alive',
) => attempt(kind, { phase }, liveness);
const ended = (kind: Attempt['kind'], state: AttemptOutcome['state']) =>
  attempt(kind, { outcome: { state, exitCode: 0, ended: '' } });
const staleAttempt = (kind: Attempt['kind']) => attempt(kind, {}, 'stale');
const endedAttempt = (kind: Attempt['kind']) => attempt(kind, {}, 'dead');

/** `run.json` with a state, written by the newest attempt, or by a trainer that writes no attempts. */
function written(
  state: RunInfo['state'],
  by?: ObservedAttempt,
  more: Partial<RunInfo> = {},
): RunInfo {
  const ownEvaluation = by && { attempt: by.attempt.id, started: by.attempt.created };
  return migrateRunInfo(
    {
      schema: 1,
      kind: 'train',
      state,
      started: '2026-01-01T00:00:00.000Z',
      ...ownEvaluation,
      ...more,
    },
    '/run',
  );
}

interface Case {
  /** Description: the state in run.json, then the attempts, newest first. */
  runJson: string;
  attempts: string;
  facts: Partial<RunFacts>;
  /** undefined: there is no run. */
  status: string | undefined;
  /** Additional text. */
  message: string;
}

function table(): Case[] {
  const cases: Case[] = [];
  const add = (
    runJson: string,
    attempts: string,
    facts: Partial<RunFacts>,
    status: string | undefined,
    message = '',
  ): void => void cases.push({ runJson, attempts, facts, status, message });

  // An attempt is active.
  add(
    'none',
    'requested a moment ago',
    { attempts: [attempt('train', {}, 'pending')] },
    'starting',
  );
  for (const phase of ['waiting', 'checking', 'loading'] as const)
    add('none', `${phase}`, { attempts: [runningAttempt('train', phase)] }, 'starting');
  for (const phase of ['recording', 'training', 'evaluating', 'saving'] as const) {
    const run = runningAttempt('train', phase);
    add('running', `${phase}`, { info: written('running', run), attempts: [run] }, 'running');
  }
  const remote = runningAttempt('train', 'training', 'remote');
  add(
    'running',
    'training on another machine, heartbeat recent',
    { info: written('running', remote), attempts: [remote] },
    'running',
  );
  const asked = runningAttempt('train', 'training');
  const stop = { info: written('running', asked), attempts: [asked], stopRequested: true };
  add('running', 'training; a stop was requested', stop, 'stopping');
  const before = ended('train', 'stopped');
  const again = runningAttempt('resume', 'checking');
  add(
    'stopped',
    'a resume is checking',
    { info: written('stopped', before), attempts: [again, before] },
    'starting',
  );
  const trained = ended('train', 'finished');
  const info = written('finished', trained);
  add(
    'finished',
    'an evaluation is loading',
    { info, attempts: [runningAttempt('evaluate', 'loading'), trained] },
    'evaluating',
  );
  const ownEvaluation = runningAttempt('evaluate', 'evaluating');
  add(
    'running, of an evaluation',
    'evaluating',
    { info: written('running', ownEvaluation, { kind: 'evaluate' }), attempts: [ownEvaluation] },
    'running',
  );
  const runningTrain = runningAttempt('train', 'training');
  add(
    'running',
    'a start was refused; training',
    { info: written('running', runningTrain), attempts: [ended('train', 'refused'), runningTrain] },
    'running',
    'the refusal',
  );

  // It ended with an outcome.
  for (const state of ['finished', 'stopped', 'failed'] as const) {
    const over = ended('train', state);
    add(state, state, { info: written(state, over), attempts: [over] }, state);
  }
  const killedAfterFinish = endedAttempt('train');
  add(
    'finished',
    'its process ended without an outcome',
    { info: written('finished', killedAfterFinish), attempts: [killedAfterFinish] },
    'finished',
  );
  const failed = ended('train', 'failed');
  add(
    'running',
    'failed: run.json could not be written',
    { info: written('running', failed), attempts: [failed] },
    'failed',
  );

  // It ended without an outcome, or its heartbeat is stale.
  const killed = endedAttempt('train');
  add(
    'running',
    'its process ended without an outcome',
    { info: written('running', killed), attempts: [killed] },
    'failed',
    'the exit diagnosis',
  );
  add(
    'none',
    'its process ended without an outcome',
    { attempts: [endedAttempt('train')] },
    'failed',
    'the exit diagnosis',
  );
  const lost = staleAttempt('train');
  add(
    'running',
    'stale heartbeat; its process cannot be looked up',
    { info: written('running', lost), attempts: [lost] },
    'lost',
  );
  const first = ended('train', 'stopped');
  add(
    'stopped',
    'a resume whose process ended without an outcome',
    { info: written('stopped', first), attempts: [endedAttempt('resume'), first] },
    'failed',
    'the exit diagnosis',
  );

  // Attempts that do not change the run.
  const done = ended('train', 'finished');
  const refused = { info: written('finished', done), attempts: [ended('resume', 'refused'), done] };
  add('finished', 'a resume was refused', refused, 'finished', 'the refusal');
  const stoppedAt = (ended: string) =>
    attempt('train', { outcome: { state: 'stopped', exitCode: 130, ended } });
  const longStopped = stoppedAt('2026-01-01T02:00:00.000Z');
  const meanwhile = attempt('resume', {
    outcome: { state: 'refused', exitCode: 2, ended: '2026-01-01T01:00:00.000Z' },
  });
  add(
    'stopped',
    'a resume was refused during the training; stopped',
    { info: written('stopped', longStopped), attempts: [meanwhile, longStopped] },
    'stopped',
  );
  add('none', 'refused', { attempts: [ended('train', 'refused')] }, 'failed');
  add('none', 'stopped before the run began', { attempts: [ended('train', 'stopped')] }, undefined);
  for (const [description, evaluation, message] of [
    ['an evaluation finished', ended('evaluate', 'finished'), ''],
    ['an evaluation was stopped', ended('evaluate', 'stopped'), ''],
    ['an evaluation failed', ended('evaluate', 'failed'), 'the failure'],
    ['an evaluation was refused', ended('evaluate', 'refused'), 'the refusal'],
    [
      'an evaluation whose process ended without an outcome',
      endedAttempt('evaluate'),
      'the missing outcome',
    ],
  ] as const)
    add('finished', description, { info, attempts: [evaluation, trained] }, 'finished', message);

  // Runs of older versions and of other trainers have no attempts.
  add('none', 'none', {}, undefined);
  add('finished', 'none', { info: written('finished') }, 'finished');
  add(
    'running; its process is alive',
    'none',
    { info: written('running'), liveness: 'alive' },
    'running',
  );
  add(
    'running; its process sends heartbeats',
    'none',
    { info: written('running'), liveness: 'remote' },
    'running',
  );
  add(
    'running; a stop was requested',
    'none',
    { info: written('running'), liveness: 'alive', stopRequested: true },
    'stopping',
  );
  add(
    'running; its process has ended',
    'none',
    { info: written('running'), liveness: 'dead' },
    'failed',
    'the exit diagnosis',
  );
  add(
    'running; its heartbeat is stale',
    'none',
    { info: written('running'), liveness: 'stale' },
    'lost',
  );
  const old = ended('train', 'stopped');
  const other = written('running', undefined, { started: '2999-01-01T00:00:00.000Z' });
  add(
    'running, written later by a trainer without attempts',
    'stopped',
    { info: other, attempts: [old], liveness: 'alive' },
    'running',
  );
  return cases;
}

describe('the status of a run', () => {
  it.each(table())(
    'run.json: $runJson; attempts: $attempts → $status',
    ({ facts, status, message }) => {
      const standing = deriveStatus({
        info: undefined,
        liveness: 'dead',
        attempts: [],
        stopRequested: false,
        ...facts,
      });
      expect(standing?.status).toBe(status);
      expect(standing?.died ?? false).toBe(message === 'the exit diagnosis');
      expect(standing?.notice !== undefined).toBe(
        message !== '' && message !== 'the exit diagnosis',
      );
    },
  );

  it('is as documented', () => {
    const cells = table().map(({ runJson, attempts, status, message }) => [
      runJson,
      attempts,
      status ?? 'no run',
      message,
    ]);
    const docs = readFileSync(join(import.meta.dirname, '../../docs/run-status.md'), 'utf8');
    const rows = docs
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.includes('---'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const [, ...body] = rows.slice(rows.findIndex(([head]) => head === '`run.json`'));
    expect(body).toEqual(cells);
  });
});
