/** Records the attempt that this process was started for (`attempts/` of the run folder). */
import { resolve } from 'node:path';
import { AttemptWriter } from '../run/record/attemptWriter';
import type { AttemptKind } from '../run/record/attempts';
import { RunFolder } from '../run/runFolder';
import type { LockWait } from '../run/record/runLock';
import { ExitCode } from '../util/userError';

interface AttemptOptions {
  config?: string;
  output_dir?: string;
}

/** @returns undefined when the program that started this process canceled the attempt */
function openAttempt(
  kind: AttemptKind,
  { config, output_dir: outputDir }: AttemptOptions,
): AttemptWriter | undefined {
  const configFile = config === undefined ? null : resolve(config);
  const attempt = AttemptWriter.open({ kind, arguments: process.argv.slice(2), configFile });
  if (outputDir !== undefined) attempt?.setFolder(new RunFolder(resolve(outputDir)), false);
  return attempt;
}

/**
 * Runs a command as an attempt and records its outcome.
 * @param options command line options, unresolved
 * @param work receives the attempt; returns undefined when it was stopped before the command started
 */
export async function withAttempt<T>(
  kind: AttemptKind,
  options: AttemptOptions,
  work: (attempt: AttemptWriter) => Promise<T | undefined>,
): Promise<T | undefined> {
  const attempt = openAttempt(kind, options);
  if (!attempt) {
    process.exitCode = ExitCode.stopped;
    return undefined;
  }
  try {
    const done = await work(attempt);
    if (done === undefined) attempt.stoppedBeforeStart();
    return done;
  } catch (error) {
    attempt.fail(error);
    throw error;
  }
}

/** Runs the checks before the ranks are started. Rank 0 opens the attempt itself, so only a failure is recorded here. */
export async function recordFailure<T>(
  kind: AttemptKind,
  options: AttemptOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    openAttempt(kind, options)?.fail(error);
    throw error;
  }
}

/** Reports on standard error that the start waits for another process's lock. */
export function reportLockWait({ owner, heartbeatAge, seconds }: LockWait): void {
  process.stderr.write(
    `The run folder belongs to process ${owner.pid} on ${owner.host}, whose last heartbeat was ${heartbeatAge} s ago. ` +
      `It is taken over in ${seconds} s, unless that process sends a heartbeat; --take_over takes it over immediately.\n`,
  );
}
