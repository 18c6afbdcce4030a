import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeAttempt, readAttemptFile, type Attempt } from '../../run/record/attempts';
import { readRunInfo } from '../../run/read/migrate';
import { heartbeatAge, findLiveness, type Owner, type Liveness } from '../../run/record/owner';
import { ownerOf, readRun } from '../../run/read/readRun';
import { RunFolder } from '../../run/runFolder';
import type { RunInfo } from '../../run/runInfo';
import { runJsonText } from '../../run/read/runFormat';
import { FolderHeldError, tryAcquireLock, type HeldLock } from '../../run/record/runLock';
import { isActiveStatus } from '../../run/record/runStatus';
import { writeFileAtomic } from '../../util/atomicFile';
import { storedMessage, localize, type MessageText } from '../../util/localize';
import { ExitCode, UserError } from '../../util/userError';
import { endTraining } from './processTree';

const GRACE_MS = 2000;
const POLL_MS = 100;

/**
 * Requests that a run finishes its step, saves and ends. The request is a file, so that it also reaches a trainer on
 * another machine, and other windows.
 */
export async function requestStop(folder: string): Promise<void> {
  await writeFile(new RunFolder(folder).stopRequest, `${new Date().toISOString()}\n`);
}

/**
 * Immediately ends the process that writes a run folder, with its descendants and the other ranks of the training, and
 * records that in its attempt and in `run.json`. The steps since the last checkpoint are lost.
 * @param message why it stopped
 * @throws {UserError} when it runs on a machine where it cannot be ended from here.
 */
export async function killRun(
  folder: string,
  message: MessageText,
  graceMs = GRACE_MS,
): Promise<void> {
  const run = await readRun(folder);
  if (!run || !isActiveStatus(run.status)) return;
  const { owner, liveness } = await findWriter(run);
  if (liveness === 'remote' || liveness === 'stale')
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
  if (liveness === 'alive') await endTraining(owner.pid, graceMs);
  const paths = new RunFolder(folder);
  await rm(paths.stopRequest, { force: true });
  // Does nothing if the program has recorded its outcome; a killed one has not.
  if (run.attempt) recordStopped(paths, run.attempt, message);
  // Under the lock: a resume may have started since, and then owns run.json.
  let lock: HeldLock;
  try {
    lock = tryAcquireLock(paths);
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

/** The process that writes an active run. */
async function findWriter({
  info,
  attempt,
}: NonNullable<Awaited<ReturnType<typeof readRun>>>): Promise<{
  owner: Owner;
  liveness: Liveness;
}> {
  const owner = attempt?.owner ?? ownerOf(info);
  const age = heartbeatAge(attempt?.owner ? attempt.heartbeat : info.heartbeat);
  return { owner, liveness: await findLiveness(owner, age) };
}

function recordOf(folder: RunFolder, id: string): string {
  return join(folder.attempts, `${id}.json`);
}

function recordStopped(folder: RunFolder, { id }: Attempt, message: MessageText): void {
  closeAttempt(recordOf(folder, id), {
    state: 'stopped',
    exitCode: ExitCode.stopped,
    ...storedMessage(message),
  });
}

/**
 * Ends a program that has not begun its run. There is nothing to save, so one that does not respond to the request is
 * killed with its descendants. One that begins its run meanwhile finishes its step and saves, as usual.
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
  const isAlive = async (): Promise<boolean> =>
    owner === null || (await findLiveness(owner, Infinity)) === 'alive';
  const deadline = Date.now() + graceMs;
  while ((await isAlive()) && Date.now() < deadline) {
    const info = await readRunInfo(folder).catch(() => undefined);
    if (info?.attempt === id) return;
    await sleep(POLL_MS);
    owner ??= readAttemptFile(recordOf(paths, id))?.owner ?? null;
  }
  if (owner && (await isAlive())) await endTraining(owner.pid, graceMs);
  // A process that has not loaded its record yet finds it closed, and ends.
  recordStopped(paths, attempt, localize('Stopped before it started.'));
  await rm(paths.stopRequest, { force: true });
}
