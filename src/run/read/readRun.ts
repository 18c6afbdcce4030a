/** Reads a run folder and determines the status of the run. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { localize, parseLocalizedMessage, type MessageText } from '../../util/localize';
import { pathExists } from '../../util/pathExists';
import { readAttempts, type Attempt, type AttemptOutcome } from '../record/attempts';
import { withCurves } from '../curves/curvesInfo';
import { exitMessage, foreignExitMessage } from '../record/exitMessage';
import { newRun } from '../record/newRun';
import { diagnoseExit } from '../record/exitDiagnosis';
import { readRunInfo } from './migrate';
import {
  heartbeatAge,
  findLiveness,
  STALE_SECONDS,
  currentScope,
  type Owner,
  type Liveness,
} from '../record/owner';
import { RunFolder } from '../runFolder';
import type { RunInfo } from '../runInfo';
import {
  deriveStatus,
  type RunStatus,
  type ObservedAttempt,
  type DerivedStatus,
} from '../record/runStatus';

/** A run with its current status. */
export interface ReadRun {
  info: RunInfo;
  status: RunStatus;
  /** The active attempt, or the one that determined the status of the run. */
  attempt: Attempt | undefined;
  /** Whether that attempt has started to write the run. */
  hasStarted: boolean;
  /** The newest attempt, if it did not change the run; then the message is about it. */
  notice: Attempt | undefined;
  message: MessageText | null;
  hint: MessageText | null;
}

/** An attempt without a process after this time failed to start. */
const START_TIMEOUT_SECONDS = 60;
/** A process that missed this number of heartbeats counts as stale. */
const MISSED_HEARTBEATS = 3;

/**
 * Reads a run and determines its status.
 * @returns undefined if the folder contains neither a run nor an attempt
 * @throws {UserError} if the description of the run is damaged
 */
export async function readRun(folder: string, now = Date.now()): Promise<ReadRun | undefined> {
  const paths = new RunFolder(folder);
  const info = await withCurves(folder, await readRunInfo(folder));
  const attempts = await Promise.all((await readAttempts(paths)).map((each) => observe(each, now)));
  const liveness = info ? await livenessOfInfo(paths, info, now) : 'dead';
  const stopRequested = await pathExists(paths.stopRequest);
  const derived = deriveStatus({ info, liveness, attempts, stopRequested });
  if (!derived) return undefined;
  const shown = shownInfo(folder, info, derived);
  const { attempt, notice, status } = derived;
  return {
    info: shown,
    status,
    attempt,
    hasStarted:
      attempt === undefined || attempt.id === info?.attempt || attempt.kind === 'evaluate',
    notice: notice?.attempt,
    ...(await statusMessage(folder, shown, derived)),
  };
}

/** Determines the liveness of an owner. A process of an earlier boot of this host is dead. */
async function livenessAt(
  owner: Owner,
  age: number,
  staleSeconds = STALE_SECONDS,
): Promise<Liveness> {
  const liveness = await findLiveness(owner, age, { staleSeconds });
  return liveness === 'stale' && isOfEarlierBoot(owner) ? 'dead' : liveness;
}

function isOfEarlierBoot({ host, boot }: Owner): boolean {
  const here = currentScope();
  return host === here.host && boot !== null && here.boot !== null && boot !== here.boot;
}

async function observe(attempt: Attempt, now: number): Promise<ObservedAttempt> {
  const { owner, heartbeat, created, outcome } = attempt;
  if (outcome) return { attempt, liveness: 'dead' };
  if (!owner)
    return {
      attempt,
      liveness: heartbeatAge(created, now) < START_TIMEOUT_SECONDS ? 'pending' : 'dead',
    };
  return { attempt, liveness: await livenessAt(owner, heartbeatAge(heartbeat, now)) };
}

/** The owner of a run. Older runs have no boot id; for them, the same host name means the same boot. */
export function ownerOf(info: RunInfo): Owner {
  const here = currentScope();
  const older = info.boot === undefined && info.host === here.host ? here : undefined;
  return {
    host: info.host,
    boot: info.boot ?? older?.boot ?? null,
    pidNamespace: info.pidNamespace ?? older?.pidNamespace ?? null,
    pid: info.pid,
    processStart: info.processStart,
  };
}

/**
 * Determines the liveness of the process in `run.json`. The clock of another trainer may be wrong or in another time zone,
 * so the modification time of the file counts as a heartbeat, too.
 */
async function livenessOfInfo(
  { runJson }: RunFolder,
  info: RunInfo,
  now: number,
): Promise<Liveness> {
  const heartbeatSeconds = heartbeatAge(info.heartbeat, now);
  const written =
    info.trainer === undefined ? undefined : await stat(runJson).catch(() => undefined);
  const age = written
    ? Math.min(heartbeatSeconds, Math.abs(now - written.mtimeMs) / 1000)
    : heartbeatSeconds;
  const stale = Math.max(STALE_SECONDS, MISSED_HEARTBEATS * (info.heartbeatEvery ?? 0));
  return livenessAt(ownerOf(info), age, stale);
}

/** The description to show. Until the program writes `run.json`, the fields of the attempt take precedence. */
function shownInfo(
  folder: string,
  info: RunInfo | undefined,
  { attempt, status }: DerivedStatus,
): RunInfo {
  const process = attempt?.owner ?? null;
  const started = attempt && {
    started: attempt.created,
    heartbeat: attempt.heartbeat,
    ended: attempt.outcome?.ended ?? null,
    ...(process && { ...process }),
  };
  if (!info)
    return newRun({
      kind: attempt?.kind === 'evaluate' ? 'evaluate' : 'train',
      name: basename(folder),
      configFile: attempt?.configFile ?? '',
      pid: 0,
      processStart: null,
      started: attempt?.created ?? new Date(0).toISOString(),
      ...started,
    });
  if (!started || info.attempt === attempt.id || status === 'evaluating') return info;
  return { ...info, ...started };
}

async function statusMessage(
  folder: string,
  info: RunInfo,
  { status, attempt, died, notice }: DerivedStatus,
): Promise<Pick<ReadRun, 'message' | 'hint'>> {
  if (notice) return noticeMessage(notice);
  if (died) {
    const words = await diagnoseExit(folder, info.heartbeat, {
      ofEarlierBoot: isOfEarlierBoot(ownerOf(info)),
    });
    return info.trainer === undefined ? exitMessage(words) : foreignExitMessage(words);
  }
  if (status === 'lost' && info.kind === 'imported') return staleLogMessage(info);
  if (status === 'lost')
    return {
      message: localize(
        'Process {0} on {1} has sent no heartbeat since {2}.',
        info.pid,
        info.host,
        formatMinute(info.heartbeat),
      ),
      hint:
        info.trainer === undefined
          ? localize(
              'It may still be training there. If it has ended, resume the run to continue from its last checkpoint.',
            )
          : localize('It may still be training there. If it has ended, start it again there.'),
    };
  if (attempt && !attempt.outcome && attempt.phase === 'waiting')
    return {
      message: localize('It is waiting for the run folder, which is locked by another process.'),
      hint: localize('It takes over the folder if that process sends no heartbeat for 30 seconds.'),
    };
  // A killed program could not write its outcome to run.json; the program that started it wrote it to the attempt.
  const hasOwnMessage = info.attempt === attempt?.id && info.message !== null;
  if (attempt?.outcome && !hasOwnMessage) return outcomeMessage(attempt.outcome);
  return {
    message: storedText(info.phrase, info.message),
    hint: storedText(info.hintPhrase, info.hint),
  };
}

/** The message for a log of BLIP or LAVIS, which does not show whether the program is still running. */
function staleLogMessage({ heartbeat }: RunInfo): Pick<ReadRun, 'message' | 'hint'> {
  return {
    message: localize(
      'log.txt has not grown since {0}, and does not say that the training has ended.',
      formatMinute(heartbeat),
    ),
    hint: localize('If it is still training, the next epoch appears here. If not, start it again.'),
  };
}

/** Formats a time in UTC with a precision of minutes. */
function formatMinute(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function noticeMessage({ attempt, liveness }: ObservedAttempt): Pick<ReadRun, 'message' | 'hint'> {
  const { kind, outcome } = attempt;
  if (!outcome)
    return liveness === 'stale'
      ? {
          message: localize('The last evaluation has stopped reporting.'),
          hint: localize('Evaluate again.'),
        }
      : {
          message: localize('The last evaluation ended without an error message.'),
          hint: localize('See trainer.log in the run folder, then evaluate again.'),
        };
  const { message, hint } = outcomeMessage(outcome);
  const why = message ?? '';
  if (kind === 'evaluate')
    return {
      message:
        outcome.state === 'refused'
          ? localize('The last evaluation was refused: {0}', why)
          : localize('The last evaluation failed: {0}', why),
      hint,
    };
  return {
    message:
      kind === 'resume'
        ? localize('The last resume was refused: {0}', why)
        : localize('The last start was refused: {0}', why),
    hint,
  };
}

/** The message and hint of an outcome. */
function outcomeMessage(outcome: AttemptOutcome): Pick<ReadRun, 'message' | 'hint'> {
  const { message = null, phrase: stored, hint = null, hintPhrase } = outcome;
  return { message: storedText(stored, message), hint: storedText(hintPhrase, hint) };
}

function storedText(stored: unknown, english: string | null): MessageText | null {
  return english === null ? null : (parseLocalizedMessage(stored) ?? english);
}
