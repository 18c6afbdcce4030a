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
  ageOf,
  findPresence,
  STALE_SECONDS,
  thisPlace,
  type Owner,
  type Presence,
} from '../record/owner';
import { RunFolder } from '../runFolder';
import type { RunInfo } from '../runInfo';
import {
  deriveStatus,
  type RunStatus,
  type SeenAttempt,
  type DerivedStatus,
} from '../record/runStatus';

/** A run with its current status. */
export interface ReadRun {
  info: RunInfo;
  status: RunStatus;
  /** The active attempt, or the one that determined the status of the run. */
  attempt: Attempt | undefined;
  /** Whether that attempt has begun to write the run. */
  begun: boolean;
  /** The newest attempt, where it left the run as it was; the message is about it. */
  notice: Attempt | undefined;
  message: MessageText | null;
  hint: MessageText | null;
}

/** A program that was asked for and has not begun after so long did not start. */
const UNBORN_SECONDS = 60;
/** A process that missed so many heartbeats is silent. */
const MISSED_HEARTBEATS = 3;

/**
 * @returns undefined when the folder holds neither a run nor an attempt at one.
 * @throws {UserError} when there is a run that cannot be understood.
 */
export async function readRun(folder: string, now = Date.now()): Promise<ReadRun | undefined> {
  const paths = new RunFolder(folder);
  const info = await withCurves(folder, await readRunInfo(folder));
  const attempts = await Promise.all((await readAttempts(paths)).map((each) => see(each, now)));
  const presence = info ? await presenceOfInfo(paths, info, now) : 'gone';
  const stopRequested = await pathExists(paths.stopRequest);
  const standing = deriveStatus({ info, presence, attempts, stopRequested });
  if (!standing) return undefined;
  const shown = infoOf(folder, info, standing);
  const { attempt, notice, status } = standing;
  return {
    info: shown,
    status,
    attempt,
    begun: attempt === undefined || attempt.id === info?.attempt || attempt.kind === 'evaluate',
    notice: notice?.attempt,
    ...(await wordsOf(folder, shown, standing)),
  };
}

/** A process of this host that belongs to an earlier boot is gone, once it has been silent. */
async function presenceAt(
  owner: Owner,
  age: number,
  staleSeconds = STALE_SECONDS,
): Promise<Presence> {
  const presence = await findPresence(owner, age, { staleSeconds });
  return presence === 'silent' && isOfEarlierBoot(owner) ? 'gone' : presence;
}

function isOfEarlierBoot({ host, boot }: Owner): boolean {
  const here = thisPlace();
  return host === here.host && boot !== null && here.boot !== null && boot !== here.boot;
}

async function see(attempt: Attempt, now: number): Promise<SeenAttempt> {
  const { owner, heartbeat, created, outcome } = attempt;
  if (outcome) return { attempt, presence: 'gone' };
  if (!owner)
    return { attempt, presence: ageOf(created, now) < UNBORN_SECONDS ? 'unborn' : 'gone' };
  return { attempt, presence: await presenceAt(owner, ageOf(heartbeat, now)) };
}

/** Older runs do not say which boot their process belongs to: the name of the host replaces it. */
export function ownerOf(info: RunInfo): Owner {
  const here = thisPlace();
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
 * What is known of the process that `run.json` names. Another trainer's clock may be wrong, or of another zone: a file
 * that was written a moment ago is a sign of life as well.
 */
async function presenceOfInfo(
  { runJson }: RunFolder,
  info: RunInfo,
  now: number,
): Promise<Presence> {
  const said = ageOf(info.heartbeat, now);
  const written =
    info.trainer === undefined ? undefined : await stat(runJson).catch(() => undefined);
  const age = written ? Math.min(said, Math.abs(now - written.mtimeMs) / 1000) : said;
  const stale = Math.max(STALE_SECONDS, MISSED_HEARTBEATS * (info.heartbeatEvery ?? 0));
  return presenceAt(ownerOf(info), age, stale);
}

/** `run.json` is written once the program has begun: what the attempt says goes before that. */
function infoOf(
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

async function wordsOf(
  folder: string,
  info: RunInfo,
  { status, attempt, died, notice }: DerivedStatus,
): Promise<Pick<ReadRun, 'message' | 'hint'>> {
  if (notice) return noticeWords(notice);
  if (died) {
    const words = await diagnoseExit(folder, info.heartbeat, {
      ofEarlierBoot: isOfEarlierBoot(ownerOf(info)),
    });
    return info.trainer === undefined ? exitMessage(words) : foreignExitMessage(words);
  }
  if (status === 'lost' && info.kind === 'imported') return silentLog(info);
  if (status === 'lost')
    return {
      message: localize(
        'Process {0} on {1} has sent no heartbeat since {2}.',
        info.pid,
        info.host,
        minuteOf(info.heartbeat),
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
  // A program that was killed could not say so in run.json; who started it has said so in its record.
  const said = info.attempt === attempt?.id && info.message !== null;
  if (attempt?.outcome && !said) return outcomeMessage(attempt.outcome);
  return { message: saidIn(info.phrase, info.message), hint: saidIn(info.hintPhrase, info.hint) };
}

/** The log of BLIP or LAVIS, which does not say whether its program still runs. */
function silentLog({ heartbeat }: RunInfo): Pick<ReadRun, 'message' | 'hint'> {
  return {
    message: localize(
      'log.txt has not grown since {0}, and does not say that the training has ended.',
      minuteOf(heartbeat),
    ),
    hint: localize('If it is still training, the next epoch appears here. If not, start it again.'),
  };
}

/** A time in UTC, to the minute. */
function minuteOf(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function noticeWords({ attempt, presence }: SeenAttempt): Pick<ReadRun, 'message' | 'hint'> {
  const { kind, outcome } = attempt;
  if (!outcome)
    return presence === 'silent'
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

/** What an outcome says. */
function outcomeMessage(outcome: AttemptOutcome): Pick<ReadRun, 'message' | 'hint'> {
  const { message = null, phrase: said, hint = null, hintPhrase } = outcome;
  return { message: saidIn(said, message), hint: saidIn(hintPhrase, hint) };
}

function saidIn(said: unknown, english: string | null): MessageText | null {
  return english === null ? null : (parseLocalizedMessage(said) ?? english);
}
