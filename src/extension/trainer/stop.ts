import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeAttempt, readAttemptFile, type Attempt } from '../../run/record/attempts';
import { readRunInfo } from '../../run/read/migrate';
import { heartbeatAge, findPresence, type Owner, type Presence } from '../../run/record/owner';
import { ownerOf, readRun } from '../../run/read/readRun';
import { RunFolder } from '../../run/runFolder';
import type { RunInfo } from '../../run/runInfo';
import { runJsonText } from '../../run/read/runFormat';
import { FolderHeldError, tryLock, type HeldLock } from '../../run/record/runLock';
import { isActiveStatus } from '../../run/record/runStatus';
import { writeFileAtomic } from '../../util/atomicFile';
import { storedMessage, localize, type MessageText } from '../../util/localize';
import { ExitCode, UserError } from '../../util/userError';
import { endTraining } from './processTree';

const GRACE_MS = 2000;
const LOOK_MS = 100;

/**
 * Asks a run to finish its step, save and end. The request is a file, so it also reaches a trainer on another
 * machine, and other windows see it.
 */
export async function requestStop(folder: string): Promise<void> {
  await writeFile(new RunFolder(folder).stopRequest, `${new Date().toISOString()}\n`);
}

/**
 * Immediately ends what writes a run folder, with every process it started and every rank that trains with it, and says so in the record of its attempt and
 * in `run.json`. What was saved last stays; the steps after it are lost.
 * @param message why it stopped
 * @throws {UserError} when it runs where it cannot be ended from here.
 */
export async function stopAtOnce(
  folder: string,
  message: MessageText,
  graceMs = GRACE_MS,
): Promise<void> {
  const run = await readRun(folder);
  if (!run || !isActiveStatus(run.status)) return;
  const { owner, presence } = await writerOf(run);
  if (presence === 'elsewhere' || presence === 'silent')
    throw new UserError(
      localize('This run is on {0}; it cannot be stopped from here.', owner.host),
      {
        hint: localize(
          'It was asked to stop. To end it immediately, end process {0} on {1}.',
          owner.pid,
          owner.host,
        ),
      },
    );
  if (presence === 'here') await endTraining(owner.pid, graceMs);
  const paths = new RunFolder(folder);
  await rm(paths.stopRequest, { force: true });
  // The program may have had the time to say how it ended; a killed one has not.
  if (run.attempt) sayStopped(paths, run.attempt, message);
  // Under the lock: a resume may have started since, and then run.json is its own.
  let lock: HeldLock;
  try {
    lock = tryLock(paths);
  } catch (error) {
    if (error instanceof FolderHeldError) return;
    throw error;
  }
  try {
    const left = await readRunInfo(folder);
    if (!left || (left.state !== 'running' && left.state !== 'starting')) return;
    const stopped: RunInfo = {
      ...left,
      state: 'stopped',
      ended: new Date().toISOString(),
      hint: null,
      ...storedMessage(message),
    };
    writeFileAtomic(paths.runJson, runJsonText(stopped));
  } finally {
    lock.release();
  }
}

/** The process that an active run is written by. */
async function writerOf({
  info,
  attempt,
}: NonNullable<Awaited<ReturnType<typeof readRun>>>): Promise<{
  owner: Owner;
  presence: Presence;
}> {
  const owner = attempt?.owner ?? ownerOf(info);
  const age = heartbeatAge(attempt?.owner ? attempt.heartbeat : info.heartbeat);
  return { owner, presence: await findPresence(owner, age) };
}

function recordOf(folder: RunFolder, id: string): string {
  return join(folder.attempts, `${id}.json`);
}

function sayStopped(folder: RunFolder, { id }: Attempt, message: MessageText): void {
  closeAttempt(recordOf(folder, id), {
    state: 'stopped',
    exitCode: ExitCode.stopped,
    ...storedMessage(message),
  });
}

/**
 * Ends a program that has not begun its run: there is nothing to save, so one that does not hear the request is ended
 * with every process it started. One that begins its run meanwhile finishes its step and saves, as any other.
 */
export async function stopStarting(
  folder: string,
  attempt: Attempt,
  graceMs = GRACE_MS,
): Promise<void> {
  await requestStop(folder);
  const paths = new RunFolder(folder);
  const { id } = attempt;
  let { owner } = attempt;
  const lives = async (): Promise<boolean> =>
    owner === null || (await findPresence(owner, Infinity)) === 'here';
  const deadline = Date.now() + graceMs;
  while ((await lives()) && Date.now() < deadline) {
    const info = await readRunInfo(folder).catch(() => undefined);
    if (info?.attempt === id) return;
    await sleep(LOOK_MS);
    owner ??= readAttemptFile(recordOf(paths, id))?.owner ?? null;
  }
  if (owner && (await lives())) await endTraining(owner.pid, graceMs);
  // A process that has not even begun finds its record closed, and ends.
  sayStopped(paths, attempt, localize('Stopped before it started.'));
  await rm(paths.stopRequest, { force: true });
}
