import { existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import { storedAdvice, localize, type MessageText } from '../../util/localize';
import { ExitCode, UserError, errorDetails, isAbortError } from '../../util/userError';
import {
  newAttempt,
  readAttemptFile,
  pruneAttempts,
  type Attempt,
  type AttemptOutcome,
  type ConfigChange,
  type Phase,
} from './attempts';
import { thisProcess } from './owner';
import { RunFolder } from '../runFolder';
import { HEARTBEAT_SECONDS } from '../runInfo';
import { FolderHeldError } from './runLock';

const PROGRESS_MS = 1000;
/** Names the record that the starter wrote, for the program it starts. */
export const ATTEMPT_VARIABLE = 'NLVR_ATTEMPT';

/**
 * The program's own record of what it was started for. A starter that wrote one names it in the environment; started
 * from a terminal the program writes its own, in a folder that holds a run already or becomes one.
 *
 * Records are for those who look at the run. A record that cannot be written (a full disk) never ends a training.
 */
export class AttemptWriter {
  private file: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private saved = -Infinity;
  /** Whether something of the run was written: from then on an error is a failure and no refusal. */
  private begun = false;
  /** The run folder, where this process made it. */
  private made: string | undefined;

  private constructor(
    private current: Attempt,
    file?: string,
  ) {
    this.current = { ...current, owner: thisProcess() };
    if (file !== undefined) this.writeTo(file);
  }

  /**
   * @param asked what this process was started for, where no starter has said so
   * @returns undefined when the starter cancelled before this process began
   */
  static open(
    asked: Pick<Attempt, 'kind' | 'arguments' | 'configFile'>,
    environment: NodeJS.ProcessEnv = process.env,
  ): AttemptWriter | undefined {
    const file = environment[ATTEMPT_VARIABLE];
    const given = file === undefined || file === '' ? undefined : readAttemptFile(file);
    if (given) return given.outcome ? undefined : new AttemptWriter(given, file);
    return new AttemptWriter(newAttempt({ ...asked, askedBy: 'terminal' }));
  }

  get id(): string {
    return this.current.id;
  }

  /** What the person named or meant, where the starter knows better than the arguments. */
  get configFile(): string | null {
    return this.current.configFile;
  }

  /**
   * Says which run folder it is about.
   * @param make whether the folder is this process's, which makes it one that has attempts
   */
  in(folder: RunFolder, make: boolean): void {
    if (this.file !== undefined) return;
    if (!make && !existsSync(folder.runJson) && !existsSync(folder.attempts)) return;
    if (!existsSync(folder.root)) this.made = folder.root;
    try {
      mkdirSync(folder.attempts, { recursive: true });
    } catch {
      return;
    }
    this.writeTo(join(folder.attempts, `${this.current.id}.json`));
    pruneAttempts(folder);
  }

  /** To be called before the folder is made, so that a refusal leaves nothing behind. */
  willMake(folder: RunFolder): void {
    if (!existsSync(folder.root)) this.made = folder.root;
  }

  phase(phase: Phase): void {
    if (this.current.phase === phase) return;
    this.current = { ...this.current, phase };
    this.save();
  }

  /** Share of an evaluation that is done, 0..1. Kept with the next heartbeat, or after a second. */
  progress(share: number): void {
    this.current = { ...this.current, progress: share };
    if (performance.now() - this.saved > PROGRESS_MS) this.save();
  }

  /** What a resume changes in the run's configuration; whether it is a resume is known only now. */
  plan(kind: Attempt['kind'], changes: readonly ConfigChange[]): void {
    this.current = { ...this.current, kind, changes };
    this.save();
  }

  /** The run is being written from now on. */
  begin(): void {
    this.begun = true;
  }

  /** How it ended. Only the first call counts. */
  close(
    state: AttemptOutcome['state'],
    exitCode: number,
    message: MessageText | null = null,
    hint: MessageText | null = null,
    more: Pick<AttemptOutcome, 'takeable' | 'allowedBy'> = {},
  ): void {
    if (this.current.outcome) return;
    clearInterval(this.timer);
    process.off('exit', this.onExit);
    const said = message === null ? {} : storedAdvice(message, hint);
    const ended = new Date().toISOString();
    this.current = {
      ...this.current,
      outcome: { state, exitCode, ended, ...said, ...more },
    };
    this.save();
  }

  /** Ends it by an error. A first start from a terminal that is refused leaves nothing behind. */
  fail(error: unknown): void {
    if (this.current.outcome) return;
    const { message, hint } = errorDetails(error);
    const code = exitCodeOf(error);
    const stopped = code === ExitCode.stopped;
    this.close(stopped ? 'stopped' : this.begun ? 'failed' : 'refused', code, message, hint, {
      ...(error instanceof FolderHeldError && error.takeable && { takeable: true }),
      ...(error instanceof UserError && error.allowedBy && { allowedBy: error.allowedBy }),
    });
    if (!this.begun) this.removeWhatIsNoRun();
  }

  /** A training that was stopped before its run began. */
  stoppedBefore(): void {
    this.close('stopped', ExitCode.stopped);
    if (!this.begun) this.removeWhatIsNoRun();
  }

  private removeWhatIsNoRun(): void {
    const { file, made } = this;
    if (this.current.askedBy === 'editor') return;
    try {
      if (file !== undefined && !existsSync(new RunFolder(dirname(dirname(file))).runJson)) {
        rmSync(file, { force: true });
        rmdirSync(dirname(file));
      }
    } catch {
      // Other attempts are there, too.
    }
    try {
      if (made !== undefined) rmdirSync(made);
    } catch {
      // Somebody has put something there.
    }
  }

  private writeTo(file: string): void {
    this.file = file;
    this.save();
    this.timer = setInterval(() => this.save(), HEARTBEAT_SECONDS * 1000);
    this.timer.unref();
    process.on('exit', this.onExit);
  }

  /** A second Ctrl-C ends the process on the spot. */
  private readonly onExit = (code: number): void => {
    const stopped = code === ExitCode.stopped;
    this.close(
      stopped ? 'stopped' : 'failed',
      code,
      stopped ? localize('Ended immediately, without saving.') : null,
    );
  };

  private save(): void {
    if (this.file === undefined) return;
    this.saved = performance.now();
    this.current = { ...this.current, heartbeat: new Date().toISOString() };
    try {
      writeFileAtomic(this.file, `${JSON.stringify(this.current, null, 2)}\n`);
    } catch {
      // The record is not worth ending a training; the next heartbeat tries again.
    }
  }
}

/** The exit code that an error ends the program with. */
export function exitCodeOf(error: unknown): number {
  if (isAbortError(error)) return ExitCode.stopped;
  if (error instanceof UserError) return error.exitCode;
  const code = (error as { exitCode?: unknown } | null)?.exitCode;
  return typeof code === 'number' ? code : ExitCode.failed;
}
