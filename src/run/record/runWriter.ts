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
import { tryLock, type HeldLock } from './runLock';
import { thisProcess } from './owner';
import { RunFolder } from '../runFolder';
import { HEARTBEAT_SECONDS, type RunInfo } from '../runInfo';
import { hasForeignRunJson, runJsonText } from '../read/runMark';
import { randomRunName } from '../runName';
import { sweep } from './sweep';
import { trainedSeconds } from './trainedTime';

/** How a run begins: what the caller knows; the rest of `run.json` is filled in here. */
export interface RunStart {
  root: string;
  kind: RunInfo['kind'];
  configFile: string;
  configHash: string;
  /** The configuration as used, YAML. */
  configText: string;
  version: string;
  mode: RunMode;
  /** A random one by default. */
  name?: string;
  observe?: RunObserver;
  /** The folder's lock, where the caller took it (`acquireLock`) to look at the folder first. */
  lock?: HeldLock;
  /** The record of this start, which is kept up to date from here. */
  attempt?: AttemptWriter;
}

/**
 * How a folder is taken. `restart`: a training that was ended before its first checkpoint begins again, as the same run.
 * `again`: an evaluation into the folder of an earlier evaluation.
 */
export type RunMode = 'new' | 'resume' | 'restart' | 'overwrite' | 'again';

/** Sees every event as it is written. */
export type RunObserver = (event: RunEvent) => void;

/** Event without what the writer adds. */
type Unstamped<E> = E extends RunEvent ? Omit<E, 'time'> : never;

/** The trainer's end of a run folder: its lock, `run.json` with heartbeat, events and configuration copy. */
export class RunWriter {
  private heartbeat: NodeJS.Timeout | undefined;
  private ended = false;
  /** Up to when this attempt's training is counted, milliseconds since 1970; undefined before it begins. */
  private countedUntil: number | undefined;
  /** Seconds of training, of earlier attempts too. */
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
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_SECONDS * 1000);
    this.heartbeat.unref();
  }

  /**
   * Opens a run folder for writing.
   * @throws {UserError} when it holds a run already (without `resume` or `overwrite`) that did at least one step, when
   *   that run is alive, or when there is nothing to resume.
   */
  static open(start: RunStart): RunWriter {
    const folder = new RunFolder(start.root);
    const lock = start.lock ?? tryLock(folder);
    try {
      const earlier = prepareFolder(folder, start.mode);
      makeFolder(folder.predictions);
      writeFileAtomic(folder.config, start.configText);
      const fresh = newRun({
        id: randomUUID(),
        name: start.name ?? randomRunName(),
        kind: start.kind,
        started: new Date().toISOString(),
        ...thisProcess(),
        ...(start.attempt && { attempt: start.attempt.id }),
        configFile: configFileOf(folder, start, earlier),
        configHash: start.configHash,
        versions: { nlvr: start.version, node: process.version, tensorflow: null },
      });
      return new RunWriter(
        folder,
        { ...fresh, ...(earlier && kept(earlier, start.mode)) },
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

  /** Changes `run.json`. Written immediately when the state or the best result changes, else with the next heartbeat. */
  update(change: Partial<RunInfo>): void {
    this.lock.requireHeld();
    const important = change.state !== undefined || change.best !== undefined;
    this.current = { ...this.current, ...change };
    if (important) this.save();
  }

  /**
   * Appends an event.
   * @throws {UserError} when the disk is full, and when another process has taken the folder
   */
  event(event: Unstamped<RunEvent>): void {
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
   * What the program is at, for those who look at the run's attempt. Events say most of it by themselves.
   * @throws {UserError} when another process has taken the folder
   */
  phase(phase: Phase): void {
    this.lock.requireHeld();
    this.attempt?.phase(phase);
  }

  /** Share of an evaluation that is done, 0..1, for the same. */
  progress(share: number): void {
    this.attempt?.progress(share);
  }

  /**
   * Makes the events so far durable, before what depends on them is written.
   * @throws {UserError} when the disk is full, and when another process has taken the folder
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
   * Ends the run: the last event, the final state, the outcome of the attempt, the lock. When it fails it may be called
   * again to say so: then only `run.json` and the attempt are written.
   * @param exitCode what the program ends with
   */
  close(
    state: 'finished' | 'stopped' | 'failed',
    message: MessageText | null = null,
    hint: MessageText | null = null,
    exitCode: number = exitCodes[state],
  ): void {
    clearInterval(this.heartbeat);
    const { step, epoch } = this.current;
    const said = message === null ? {} : storedAdvice(message, hint);
    const unsaid = { message: null, hint: null, phrase: undefined, hintPhrase: undefined };
    try {
      if (!this.ended) this.writeEnd({ state, step, epoch, ...said });
    } finally {
      // On a full disk the event may fail; the state still has a chance (run.json replaces itself).
      const ended = new Date().toISOString();
      this.current = { ...this.current, state, ...unsaid, ...said, ended };
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
      // A clock that was set back takes nothing away, as in the dashboard.
      this.trained += Math.max(0, now - this.countedUntil) / 1000;
      this.countedUntil = now;
      this.current.trainedSeconds = this.trained;
    }
    writeFileAtomic(this.folder.runJson, runJsonText(this.current));
  }

  private beat(): void {
    try {
      if (this.isHeld()) this.save();
    } catch {
      // A full disk stops the run where it matters, at the next checkpoint; a missed heartbeat does not.
    }
  }
}

const exitCodes = {
  finished: ExitCode.done,
  stopped: ExitCode.stopped,
  failed: ExitCode.failed,
} as const;

/** What a program is at when it writes an event. */
const phases: Partial<Record<RunEvent['type'], Phase>> = {
  start: 'loading',
  step: 'training',
  evalProgress: 'evaluating',
};

/** What a run keeps when it is resumed. One that starts over has done nothing yet. */
function kept(earlier: RunInfo, mode: RunMode): Partial<RunInfo> {
  const { id, name, created, best, precision, epoch, maxEpoch, step, totalSteps } = earlier;
  if (mode === 'restart') return { id, name, created };
  const trained = trainedSeconds(earlier) ?? 0;
  return {
    ...{ id, name, created, best, precision, epoch, maxEpoch, step, totalSteps },
    trainedSeconds: trained,
  };
}

/** A run that is resumed with its own config.yaml stays linked to the file that it was started with. */
function configFileOf(
  folder: RunFolder,
  { attempt, configFile }: RunStart,
  earlier: RunInfo | undefined,
): string {
  const meant = attempt?.configFile ?? configFile;
  return meant === folder.config ? (earlier?.configFile ?? meant) : meant;
}

/**
 * Applies the rules for a folder that holds a run already, and touches nothing.
 * @returns how it is taken: `resume` is `new` where there is no run, and `restart` where the run saved nothing yet.
 * @throws {UserError} when it holds something else, or a run that has anything to keep and neither `resume` nor
 *   `overwrite` was said
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
    const trainer = existsSync(folder.runJson) ? readEarlier(folder)?.trainer : undefined;
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
  const earlier = readEarlier(folder);
  return earlier?.kind === 'train' && earlier.trainer === undefined;
}

/** Prepares the folder; returns the run to resume. */
function prepareFolder(folder: RunFolder, mode: RunMode): RunInfo | undefined {
  requireUsableFolder(folder.root, mode);
  return withDiskErrors(folder.root, () => {
    sweep(folder);
    const earlier = mode === 'overwrite' || mode === 'new' ? undefined : readEarlier(folder);
    for (const file of replaced(folder, mode)) rmSync(file, { recursive: true, force: true });
    return earlier;
  });
}

/** What goes before the run begins. */
function replaced(folder: RunFolder, mode: RunMode): string[] {
  switch (mode) {
    case 'overwrite':
      return [...folder.owned, ...folder.epochCheckpoints];
    case 'new':
      // It may hold a run that came to nothing. What its trainer logged stays, above what the new one will.
      return [folder.events];
    case 'restart':
      return [folder.events, folder.log, folder.metrics, folder.predictions];
    case 'resume':
    case 'again':
      return [];
  }
}

/** A damaged run.json is replaced: name and history of the run are lost, its checkpoints are not. */
function readEarlier(folder: RunFolder): RunInfo | undefined {
  try {
    return migrateRunInfo(parsePythonJson(readFileSync(folder.runJson, 'utf8')), folder.root);
  } catch {
    return undefined;
  }
}
