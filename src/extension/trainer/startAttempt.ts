/** Starts programs on run folders, each with the record of its attempt. */
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
export interface Asked {
  kind: Attempt['kind'];
  /** Arguments of the command line program. */
  args: readonly string[];
  folder: string;
  /** The configuration that the user named or meant, absolute. */
  configFile: string;
  cwd: string;
}

export interface StartedAttempt {
  attempt: Attempt;
  /** Its record, absolute. */
  file: string;
  pid: number;
  /** Settles when the program has ended and its record says how. */
  ended: Promise<ProcessExit>;
}

/**
 * Writes the record and starts the program, which continues the record. When the program ends without having said
 * how, this says so for it.
 * @throws when the program cannot be started; the record says so, too
 */
export async function startAttempt(program: Program, asked: Asked): Promise<StartedAttempt> {
  const { kind, args, configFile, cwd } = asked;
  const folder = new RunFolder(asked.folder);
  const attempt = newAttempt({ kind, arguments: args, configFile, askedBy: 'editor' });
  const file = writeAttempt(folder, attempt);
  pruneAttempts(folder);
  // What was asked of an earlier program is not meant for this one.
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
