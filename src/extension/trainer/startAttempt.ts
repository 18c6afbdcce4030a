/** Starts programs on run folders and records each start as an attempt. */
import { rm } from 'node:fs/promises';
import {
  closeAttempt,
  newAttempt,
  pruneAttempts,
  writeAttempt,
  type Attempt,
  type AttemptOutcome,
} from '../../run/record/attempts';
import { ATTEMPT_VARIABLE } from '../../run/record/attemptWriter';
import { exitMessage } from '../../run/record/exitMessage';
import { diagnoseExit, type ProcessExit } from '../../run/record/exitDiagnosis';
import { RunFolder } from '../../run/runFolder';
import { storedAdvice, localize } from '../../util/localize';
import { ExitCode, errorDetails } from '../../util/userError';
import { spawnTrainer, type Program } from './process';

/** A program to start on a run folder. */
export interface AttemptRequest {
  kind: Attempt['kind'];
  /** Arguments of the command line program. */
  args: readonly string[];
  folder: string;
  /** The configuration that the user chose, absolute. */
  configFile: string;
  cwd: string;
}

export interface StartedAttempt {
  attempt: Attempt;
  /** Its record, absolute. */
  file: string;
  pid: number;
  /** Settles when the program has ended and its outcome is recorded. */
  ended: Promise<ProcessExit>;
}

/**
 * Writes the record of the attempt and starts the program, which updates it. If the program ends without recording its
 * outcome, records it.
 * @throws when the program cannot be started, which is recorded too
 */
export async function startAttempt(
  program: Program,
  request: AttemptRequest,
): Promise<StartedAttempt> {
  const { kind, args, configFile, cwd } = request;
  const folder = new RunFolder(request.folder);
  const attempt = newAttempt({ kind, arguments: args, configFile, askedBy: 'editor' });
  const file = writeAttempt(folder, attempt);
  pruneAttempts(folder);
  // A stop request for an earlier program must not stop this one.
  await rm(folder.stopRequest, { force: true });
  const environment = { ...program.environment, [ATTEMPT_VARIABLE]: file };
  try {
    const child = await spawnTrainer({ ...program, environment }, args, folder.root, cwd);
    const ended = child.ended.then(async (ending) => {
      closeAttempt(file, await outcomeOf(folder, attempt, ending));
      return ending;
    });
    return { attempt, file, pid: child.pid, ended };
  } catch (error) {
    const { message, hint } = errorDetails(error);
    closeAttempt(file, { state: 'refused', exitCode: null, ...storedAdvice(message, hint) });
    throw error;
  }
}

async function outcomeOf(
  { root }: RunFolder,
  { created }: Attempt,
  ending: ProcessExit,
): Promise<Omit<AttemptOutcome, 'ended'>> {
  const { code } = ending;
  if (code === 0) return { state: 'finished', exitCode: code };
  if (code === ExitCode.stopped || ending.signal === 'SIGTERM')
    return {
      state: 'stopped',
      exitCode: code,
      ...storedAdvice(localize('Ended immediately, without saving.')),
    };
  const { message, hint } = exitMessage(await diagnoseExit(root, created, { ending }));
  return { state: 'failed', exitCode: code, ...storedAdvice(message, hint) };
}
