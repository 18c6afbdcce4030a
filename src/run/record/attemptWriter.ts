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
import { currentOwner } from './owner';
import { RunFolder } from '../runFolder';
import { HEARTBEAT_SECONDS } from '../runInfo';
import { FolderHeldError } from './runLock';

const PROGRESS_MS = 1000;
/** Environment variable with the path of the attempt record, set by the program that starts the trainer. */
export const ATTEMPT_VARIABLE = 'NLVR_ATTEMPT';

/**
 * Writes the record of this process's attempt. The extension creates the record and passes its path in the environment; a
 * program that is started from a terminal creates its own, in a folder that contains or becomes a run.
 *
 * Records are only for display: if one cannot be written (the disk is full), the training continues.
 */
export class AttemptWriter {
  private file: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private saved = -Infinity;
  /** Whether a part of the run was written: after that, an error is a failure, not a refusal. */
  private started = false;
  /** The run folder, if this process created it. */
  private createdFolder: string | undefined;

  private constructor(
    private current: Attempt,
    file?: string,
  ) {
    this.current = { ...current, owner: currentOwner() };
    if (file !== undefined) this.writeTo(file);
  }

  /**
   * Opens the record of the environment, or creates one.
   * @param request the attempt to record if the environment has no record
   * @returns undefined if the attempt was canceled before this process started
   */
  static open(
    request: Pick<Attempt, 'kind' | 'arguments' | 'configFile'>,
    environment: NodeJS.ProcessEnv = process.env,
  ): AttemptWriter | undefined {
    const file = environment[ATTEMPT_VARIABLE];
    const existing = file === undefined || file === '' ? undefined : readAttemptFile(file);
    if (existing) return existing.outcome ? undefined : new AttemptWriter(existing, file);
    return new AttemptWriter(newAttempt({ ...request, askedBy: 'terminal' }));
  }

  get id(): string {
    return this.current.id;
  }

  /** The configuration file that the user chose, which may differ from the arguments. */
  get configFile(): string | null {
    return this.current.configFile;
  }

  /**
   * Sets the run folder of the attempt and writes the record there.
   * @param make whether this process has the folder's lock and may create `attempts/`
   */
  setFolder(folder: RunFolder, make: boolean): void {
    if (this.file !== undefined) return;
    if (!make && !existsSync(folder.runJson) && !existsSync(folder.attempts)) return;
    if (!existsSync(folder.root)) this.createdFolder = folder.root;
    try {
      mkdirSync(folder.attempts, { recursive: true });
    } catch {
      return;
    }
    this.writeTo(join(folder.attempts, `${this.current.id}.json`));
    pruneAttempts(folder);
  }

  /** Call it before the folder is created, so that a refused attempt removes it again. */
  willCreate(folder: RunFolder): void {
    if (!existsSync(folder.root)) this.createdFolder = folder.root;
  }

  phase(phase: Phase): void {
    if (this.current.phase === phase) return;
    this.current = { ...this.current, phase };
    this.save();
  }

  /** Sets the progress of an evaluation, 0..1. Written at most once a second, or with the next heartbeat. */
  progress(share: number): void {
    this.current = { ...this.current, progress: share };
    if (performance.now() - this.saved > PROGRESS_MS) this.save();
  }

  /** Sets the kind, which is only known after the folder was read, and the changes of the configuration. */
  plan(kind: Attempt['kind'], changes: readonly ConfigChange[]): void {
    this.current = { ...this.current, kind, changes };
    this.save();
  }

  /** Call it before the run is written. */
  begin(): void {
    this.started = true;
  }

  /** Writes the outcome. Only the first call has an effect. */
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
    const stored = message === null ? {} : storedAdvice(message, hint);
    const ended = new Date().toISOString();
    this.current = {
      ...this.current,
      outcome: { state, exitCode, ended, ...stored, ...more },
    };
    this.save();
  }

  /** Writes the outcome of an error. A refused first start from a terminal leaves no files. */
  fail(error: unknown): void {
    if (this.current.outcome) return;
    const { message, hint } = errorDetails(error);
    const code = exitCodeOf(error);
    const stopped = code === ExitCode.stopped;
    this.close(stopped ? 'stopped' : this.started ? 'failed' : 'refused', code, message, hint, {
      ...(error instanceof FolderHeldError && error.takeable && { takeable: true }),
      ...(error instanceof UserError && error.allowedBy && { allowedBy: error.allowedBy }),
    });
    if (!this.started) this.removeIfNoRun();
  }

  /** Writes the outcome of an attempt that was stopped before its run started. */
  stoppedBeforeStart(): void {
    this.close('stopped', ExitCode.stopped);
    if (!this.started) this.removeIfNoRun();
  }

  private removeIfNoRun(): void {
    const { file, createdFolder } = this;
    if (this.current.askedBy === 'editor') return;
    try {
      if (file !== undefined && !existsSync(new RunFolder(dirname(dirname(file))).runJson)) {
        rmSync(file, { force: true });
        rmdirSync(dirname(file));
      }
    } catch {
      // There are other attempts.
    }
    try {
      if (createdFolder !== undefined) rmdirSync(createdFolder);
    } catch {
      // The folder is not empty.
    }
  }

  private writeTo(file: string): void {
    this.file = file;
    this.save();
    this.timer = setInterval(() => this.save(), HEARTBEAT_SECONDS * 1000);
    this.timer.unref();
    process.on('exit', this.onExit);
  }

  /** Writes the outcome when the process exits immediately, as after a second Ctrl-C. */
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
      // The record is optional; the next heartbeat tries again.
    }
  }
}

/** Returns the exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (isAbortError(error)) return ExitCode.stopped;
  if (error instanceof UserError) return error.exitCode;
  const code = (error as { exitCode?: unknown } | null)?.exitCode;
  return typeof code === 'number' ? code : ExitCode.failed;
}
