import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { livenessOf } from '../../run/liveness';
import { readRunInfo } from '../../run/migrate';
import { findProcessStart } from '../../run/processStarts';
import { RunFolder } from '../../run/runFolder';
import type { RunInfo } from '../../run/runInfo';
import { writeFileAtomic } from '../../util/atomicFile';
import { messageFrom, phrase, type Words } from '../../util/phrase';
import { UserError } from '../../util/userError';
import { endTree } from './processTree';

const GRACE_MS = 2000;
const LOOK_MS = 100;

/**
 * Asks a run to finish its step, save and end. The request is a file, so it also reaches a trainer on another
 * machine, and other windows see it.
 */
export function requestStop(folder: string): void {
  writeFileSync(new RunFolder(folder).stopRequest, `${new Date().toISOString()}\n`);
}

/**
 * Ends a run at once, with every process it started, and says so in its `run.json`.
 * What was saved last stays; the steps after it are lost.
 * @param message for `run.json`: why it stopped
 * @throws {UserError} when it runs on another machine.
 */
export async function stopAtOnce(
  folder: string,
  message: Words,
  graceMs = GRACE_MS,
): Promise<void> {
  const info = await readRunInfo(folder);
  if (!info || (info.state !== 'running' && info.state !== 'starting')) return;
  const liveness = await livenessOf(info);
  if (liveness === 'elsewhere' || liveness === 'lost')
    throw new UserError(
      phrase('This run belongs to {0}; it cannot be ended from here.', info.host),
      {
        hint: phrase(
          'It was asked to stop. To end it at once, end process {0} on {1}.',
          info.pid,
          info.host,
        ),
      },
    );
  if (liveness === 'alive') await endTree(info.pid, graceMs);
  const paths = new RunFolder(folder);
  rmSync(paths.stopRequest, { force: true });
  // The trainer may have had the time to say how it ended; a killed one has not.
  const left = await readRunInfo(folder);
  if (!left || (left.state !== 'running' && left.state !== 'starting')) return;
  const stopped = {
    ...left,
    state: 'stopped',
    ended: new Date().toISOString(),
    hint: null,
    ...messageFrom(message),
  };
  writeFileAtomic(paths.runJson, `${JSON.stringify(stopped, null, 2)}\n`);
}

/**
 * Ends a trainer that has not begun its run: there is nothing to save, so one that does not hear the request is ended
 * with every process it started. One that begins its run meanwhile finishes its step and saves, as any other.
 * @param starting what is known of it: its process and when it was started
 */
export async function stopStarting(
  folder: string,
  starting: Pick<RunInfo, 'pid' | 'processStart' | 'started'>,
  graceMs = GRACE_MS,
): Promise<void> {
  requestStop(folder);
  const { pid, processStart, started } = starting;
  const lives = async (): Promise<boolean> =>
    processStart !== null && (await findProcessStart(pid)) === processStart;
  const deadline = Date.now() + graceMs;
  while ((await lives()) && Date.now() < deadline) {
    const info = await readRunInfo(folder).catch(() => undefined);
    if (info && info.started >= started) return;
    await sleep(LOOK_MS);
  }
  if (await lives()) await endTree(pid, graceMs);
  rmSync(new RunFolder(folder).stopRequest, { force: true });
}
