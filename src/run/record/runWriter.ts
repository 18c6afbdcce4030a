import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileAtomic } from '../../util/atomicFile';
import { makeFolder, withDiskErrors } from '../../util/diskError';
import { storedAdvice, localize, type MessageText } from '../../util/localize';
import { parsePythonJson } from '../../util/pythonJson';
import { ExitCode, UserError } from '../../util/userError';
import type { AttemptWriter } from './attemptWriter';
import { EventWriter } from './eventWriter';
import type { EndEvent, NoteEvent, RunEvent } from '../events';
import { newRun } from './newRun';
import { migrateRunInfo } from '../read/migrate';
import { isDisposable } from './isDisposable';
import type { Phase } from './attempts';
import { tryAcquireLock, type HeldLock } from './runLock';
import { currentOwner } from './owner';
import { RunFolder } from '../runFolder';
import { HEARTBEAT_SECONDS, type RunInfo } from '../runInfo';
import { hasForeignRunJson, runJsonText } from '../read/runFormat';
import { randomRunName } from '../runName';
import { removePartialFiles } from './removePartialFiles';
import { trainedSeconds } from './trainedTime';

/** Parameters of a new or resumed run; the other fields of `run.json` are filled in here. */
export interface RunStart {
  root: string;
  kind: RunInfo['kind'];
  configFile: string;
  configHash: string;
  /** The configuration as used, YAML. */
  configText: string;
  version: string;
  mode: RunMode;
  /** Name of the run; random by default. */
  name?: string;
  observe?: RunObserver;
  /** The folder's lock, if the caller already holds it (`acquireLock`). */
  lock?: HeldLock;
  /** The record of this attempt, which the writer updates. */
  attempt?: AttemptWriter;
}

/**
 * How an existing folder is used. `restart`: a training that ended before its first checkpoint starts again as the same run.
 * `again`: an evaluation in the folder of an earlier evaluation.
 */
export type RunMode = 'new' | 'resume' | 'restart' | 'overwrite' | 'again';

/** Called with every event that is written. */
export type RunObserver = (event: RunEvent) => void;

/** An event without its time, which the writer adds. */
type WithoutTime<E> = E extends RunEvent ? Omit<E, 'time'> : never;

/** Writes a run folder for the trainer: lock, `run.json` with heartbeat, events and the copy of the configuration. */
export class RunWriter {
  private heartbeat: NodeJS.Timeout | undefined;
  private ended = false;
  /** Time until which the training of this attempt is counted, milliseconds since 1970; undefined before it starts. */
  private countedUntil: number | undefined;
  /** Seconds of training, including earlier attempts. */
  private trained: number;

  private constructor(
    readonly folder: RunFolder,
    private current: RunInfo,
    private readonly events: EventWriter,
    private readonly lock: HeldLock,
    private readonly attempt: AttemptWriter | undefined,
    private readonly observe: RunObserver | undefined,
  ) {
    this.trained = current.trainedSeconds ?? 0;
    attempt?.begin();
    this.save();
    this.heartbeat = setInterval(() => this.sendHeartbeat(), HEARTBEAT_SECONDS * 1000);
    this.heartbeat.unref();
  }

  /**
   * Opens a run folder for writing.
   * @throws {UserError} if it contains a run with at least one step (without `resume` or `overwrite`), if that run is
   *   active, or if there is nothing to resume
   */
  static open(start: RunStart): RunWriter {
    const folder = new RunFolder(start.root);
    const lock = start.lock ?? tryAcquireLock(folder);
    try {
      const existing = prepareFolder(folder, start.mode);
      makeFolder(folder.predictions);
      writeFileAtomic(folder.config, start.configText);
      const fresh = newRun({
        id: randomUUID(),
        name: start.name ?? randomRunName(),
        kind: start.kind,
        started: new Date().toISOString(),
        ...currentOwner(),
        ...(start.attempt && { attempt: start.attempt.id }),
        configFile: originalConfigFile(folder, start, existing),
        configHash: start.configHash,
        versions: { nlvr: start.version, node: process.version, tensorflow: null },
      });
      return new RunWriter(
        folder,
        { ...fresh, ...(existing && inheritedFields(existing, start.mode)) },
        new EventWriter(folder.events),
        lock,
        start.attempt,
        start.observe,
      );
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get info(): Readonly<RunInfo> {
    return this.current;
  }

  /** Changes `run.json`. Writes it immediately if the state or the best result changes, otherwise with the next heartbeat. */
  update(change: Partial<RunInfo>): void {
    this.lock.requireHeld();
    const important = change.state !== undefined || change.best !== undefined;
    this.current = { ...this.current, ...change };
    if (important) this.save();
  }

  /**
   * Appends an event.
   * @throws {UserError} if the disk is full or another process has taken over the folder
   */
  event(event: WithoutTime<RunEvent>): void {
    this.lock.requireHeld();
    const phase = phases[event.type];
    if (phase) this.phase(phase);
    const now = Date.now();
    if (event.type === 'start') this.countedUntil = now;
    const stamped = { ...event, time: now / 1000 };
    this.events.write(stamped);
    this.observe?.(stamped);
  }

  /**
   * Sets the phase of the attempt. Most phases are set by events.
   * @throws {UserError} if another process has taken over the folder
   */
  phase(phase: Phase): void {
    this.lock.requireHeld();
    this.attempt?.phase(phase);
  }

  /** Sets the progress of an evaluation in the attempt, 0..1. */
  progress(share: number): void {
    this.attempt?.progress(share);
  }

  /**
   * Makes the events durable, before a checkpoint that depends on them is written.
   * @throws {UserError} if the disk is full or another process has taken over the folder
   */
  sync(): void {
    this.lock.requireHeld();
    this.events.sync();
  }

  note(level: NoteEvent['level'], code: string, message: MessageText, hint?: MessageText): void {
    this.event({
      type: 'note',
      level,
      code,
      ...storedAdvice(message, hint),
      step: this.current.step,
    });
  }

  /**
   * Ends the run: writes the last event, the final state and the outcome of the attempt, and releases the lock. If it fails, it
   * can be called again with the failure, and then writes only `run.json` and the attempt.
   * @param exitCode exit code of the program
   */
  close(
    state: 'finished' | 'stopped' | 'failed',
    message: MessageText | null = null,
    hint: MessageText | null = null,
    exitCode: number = exitCodes[state],
  ): void {
    clearInterval(this.heartbeat);
    const { step, epoch } = this.current;
    const text = message === null ? {} : storedAdvice(message, hint);
    const noText = { message: null, hint: null, phrase: undefined, hintPhrase: undefined };
    try {
      if (!this.ended) this.writeEnd({ state, step, epoch, ...text });
    } finally {
      // On a full disk the event may fail, but the state may still be written, because run.json is replaced.
      const ended = new Date().toISOString();
      this.current = { ...this.current, state, ...noText, ...text, ended };
      try {
        if (this.isHeld()) this.save();
      } finally {
        this.attempt?.close(state, exitCode, message, hint);
        this.lock.release();
      }
    }
  }

  private isHeld(): boolean {
    try {
      this.lock.requireHeld();
      return true;
    } catch {
      return false;
    }
  }

  private writeEnd(end: Omit<EndEvent, 'type' | 'time'>): void {
    this.ended = true;
    try {
      if (this.isHeld()) this.event({ type: 'end', ...end });
    } finally {
      this.events.close();
    }
  }

  private save(): void {
    const now = Date.now();
    this.current.heartbeat = new Date(now).toISOString();
    if (this.countedUntil !== undefined) {
      // If the clock was set back, the time does not decrease, as in the dashboard.
      this.trained += Math.max(0, now - this.countedUntil) / 1000;
      this.countedUntil = now;
      this.current.trainedSeconds = this.trained;
    }
    writeFileAtomic(this.folder.runJson, runJsonText(this.current));
  }

  private sendHeartbeat(): void {
    try {
      if (this.isHeld()) this.save();
    } catch {
      // A full disk stops the run at the next checkpoint; a missed heartbeat does not.
    }
  }
}

const exitCodes = {
  finished: ExitCode.done,
  stopped: ExitCode.stopped,
  failed: ExitCode.failed,
} as const;

/** Phase of the program when it writes an event. */
const phases: Partial<Record<RunEvent['type'], Phase>> = {
  start: 'loading',
  step: 'training',
  evalProgress: 'evaluating',
};

/** The fields that a resumed run keeps. A restarted run has no progress yet. */
function inheritedFields(existing: RunInfo, mode: RunMode): Partial<RunInfo> {
  const { id, name, created, best, precision, epoch, maxEpoch, step, totalSteps } = existing;
  if (mode === 'restart') return { id, name, created };
  const trained = trainedSeconds(existing) ?? 0;
  return {
    ...{ id, name, created, best, precision, epoch, maxEpoch, step, totalSteps },
    trainedSeconds: trained,
  };
}

/** The original configuration file, which a run keeps when it is resumed with its own config.yaml. */
function originalConfigFile(
  folder: RunFolder,
  { attempt, configFile }: RunStart,
  existing: RunInfo | undefined,
): string {
  const meant = attempt?.configFile ?? configFile;
  return meant === folder.config ? (existing?.configFile ?? meant) : meant;
}

/**
 * Checks whether a folder can be used with a mode, without changing it.
 * @returns the effective mode: `resume` becomes `new` if there is no run, and `restart` if the run saved no checkpoint yet
 * @throws {UserError} if the folder contains something else, or a run that must be kept, without `resume` or `overwrite`
 */
export function requireUsableFolder(root: string, mode: RunMode): RunMode {
  const folder = new RunFolder(root);
  const found = withDiskErrors(root, () => statSync(root, { throwIfNoEntry: false }));
  if (found?.isDirectory() === false)
    throw new UserError(localize('{0} cannot be a run folder: it is a file.', root), {
      hint: localize('Choose another output_dir, or move that file.'),
    });
  if (hasForeignRunJson(folder))
    throw new UserError(
      localize('{0} was written by another program. The folder was not changed.', folder.runJson),
      { hint: localize('Choose another --output_dir.') },
    );
  if (mode === 'resume') {
    const trainer = existsSync(folder.runJson) ? readExisting(folder)?.trainer : undefined;
    if (trainer !== undefined)
      throw new UserError(
        localize(
          '{0} is a run of {1}, which nlvr cannot resume. It was not changed.',
          root,
          trainer,
        ),
        { hint: localize('Start that program again, or choose another --output_dir.') },
      );
    if (existsSync(folder.last) || existsSync(folder.oldLast)) return 'resume';
    if (isTraining(folder)) return 'restart';
    return requireUsableFolder(root, 'new');
  }
  const traces = [folder.runJson, folder.events, folder.best, folder.last];
  if (mode === 'new' && traces.some((file) => existsSync(file)) && !isDisposable(folder))
    throw new UserError(localize('{0} already contains a run. It was not changed.', folder.root), {
      hint: isTraining(folder)
        ? localize(
            'Continue it with --resume, replace it with --overwrite, or choose another --output_dir.',
          )
        : localize('Replace it with --overwrite, or choose another --output_dir.'),
    });
  return mode;
}

function isTraining(folder: RunFolder): boolean {
  if (!existsSync(folder.runJson)) return false;
  const existing = readExisting(folder);
  return existing?.kind === 'train' && existing.trainer === undefined;
}

/** Removes the files that the mode replaces. @returns the run to resume */
function prepareFolder(folder: RunFolder, mode: RunMode): RunInfo | undefined {
  requireUsableFolder(folder.root, mode);
  return withDiskErrors(folder.root, () => {
    removePartialFiles(folder);
    const existing = mode === 'overwrite' || mode === 'new' ? undefined : readExisting(folder);
    for (const file of filesToRemove(folder, mode)) rmSync(file, { recursive: true, force: true });
    return existing;
  });
}

/** Files to remove before the run starts. */
function filesToRemove(folder: RunFolder, mode: RunMode): string[] {
  switch (mode) {
    case 'overwrite':
      return [...folder.owned, ...folder.epochCheckpoints];
    case 'new':
      // The folder may contain a disposable run. Keep its trainer.log; the new run appends to it.
      return [folder.events];
    case 'restart':
      return [folder.events, folder.log, folder.metrics, folder.predictions];
    case 'resume':
    case 'again':
      return [];
  }
}

/** Reads the existing run; undefined if run.json is damaged. It is then replaced; the checkpoints remain. */
function readExisting(folder: RunFolder): RunInfo | undefined {
  try {
    return migrateRunInfo(parsePythonJson(readFileSync(folder.runJson, 'utf8')), folder.root);
  } catch {
    return undefined;
  }
}
