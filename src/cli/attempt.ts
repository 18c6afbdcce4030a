/** The record of what this program was started for. */
import { resolve } from 'node:path';
import { AttemptWriter } from '../run/record/attemptWriter';
import type { AttemptKind } from '../run/record/attempts';
import { RunFolder } from '../run/runFolder';
import type { LockWait } from '../run/record/runLock';
import { ExitCode } from '../util/userError';

interface Given {
  config?: string;
  output_dir?: string;
}

/** @returns undefined when the starter cancelled */
function openRecord(
  kind: AttemptKind,
  { config, output_dir: outputDir }: Given,
): AttemptWriter | undefined {
  const configFile = config === undefined ? null : resolve(config);
  const attempt = AttemptWriter.open({ kind, arguments: process.argv.slice(2), configFile });
  if (outputDir !== undefined) attempt?.in(new RunFolder(resolve(outputDir)), false);
  return attempt;
}

/**
 * Does what the program was started for, and records how that ended.
 * @param options of the command line, as they were given
 * @param work is given the record; returns undefined when it was stopped before it began
 */
export async function recorded<T>(
  kind: AttemptKind,
  options: Given,
  work: (attempt: AttemptWriter) => Promise<T | undefined>,
): Promise<T | undefined> {
  const attempt = openRecord(kind, options);
  if (!attempt) {
    process.exitCode = ExitCode.stopped;
    return undefined;
  }
  try {
    const done = await work(attempt);
    if (done === undefined) attempt.stoppedBefore();
    return done;
  } catch (error) {
    attempt.fail(error);
    throw error;
  }
}

/** Does what comes before other processes are started, one of which continues the record: only a failure is recorded. */
export async function recordRefusal<T>(
  kind: AttemptKind,
  options: Given,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    openRecord(kind, options)?.fail(error);
    throw error;
  }
}

/** Says on standard error why nothing happens for a while. */
export function reportLockWait({ owner, silent, seconds }: LockWait): void {
  process.stderr.write(
    `The run folder belongs to process ${owner.pid} on ${owner.host}, whose last heartbeat was ${silent} s ago. ` +
      `It is taken over in ${seconds} s, unless that process sends a heartbeat; --take_over takes it over immediately.\n`,
  );
}
