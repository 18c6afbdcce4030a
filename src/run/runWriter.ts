import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileAtomic } from '../util/atomicFile';
import { makeFolder, withDiskErrors } from '../util/diskError';
import { adviceFrom, phrase, type Words } from '../util/phrase';
import { UserError } from '../util/userError';
import { EventWriter } from './eventWriter';
import type { EndEvent, NoteEvent, RunEvent } from './events';
import { freshRun } from './freshRun';
import { processStartTime } from './liveness';
import { migrateRunInfo } from './migrate';
import { nothingToKeep } from './nothingToKeep';
import { acquireLock } from './runLock';
import { RunFolder } from './runFolder';
import { HEARTBEAT_SECONDS, type RunInfo } from './runInfo';
import { randomRunName } from './runName';
import { sweep } from './sweep';

/** How a run begins: what the caller knows; the rest of `run.json` is filled in here. */
export interface RunStart {
  root: string;
  kind: RunInfo['kind'];
  configFile: string;
  configHash: string;
  /** The configuration as used, YAML. */
  configText: string;
  version: string;
  /** `again`: an evaluation into the folder of an earlier evaluation. */
  mode: 'new' | 'resume' | 'overwrite' | 'again';
  /** A random one by default. */
  name?: string;
  observe?: RunObserver;
  /** Gives back the folder's lock, where the caller took it (`acquireLock`) to look at the folder first. */
  release?: () => void;
}

/** Sees every event as it is written. */
export type RunObserver = (event: RunEvent) => void;

/** Event without what the writer adds. */
type Unstamped<E> = E extends RunEvent ? Omit<E, 'time'> : never;

/** The trainer's end of a run folder: its lock, `run.json` with heartbeat, events and configuration copy. */
export class RunWriter {
  private heartbeat: NodeJS.Timeout | undefined;
  private ended = false;

  private constructor(
    readonly folder: RunFolder,
    private current: RunInfo,
    private readonly events: EventWriter,
    private readonly releaseLock: () => void,
    private readonly observe: RunObserver | undefined,
  ) {
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
    const release = start.release ?? acquireLock(folder);
    try {
      const earlier = prepareFolder(folder, start.mode);
      makeFolder(folder.predictions);
      writeFileAtomic(folder.config, start.configText);
      const fresh = freshRun({
        id: randomUUID(),
        name: start.name ?? randomRunName(),
        kind: start.kind,
        started: new Date().toISOString(),
        pid: process.pid,
        processStart: processStartTime(process.pid),
        configFile: start.configFile,
        configHash: start.configHash,
        versions: { nlvr: start.version, node: process.version, tensorflow: null },
      });
      const kept = earlier && {
        id: earlier.id,
        name: earlier.name,
        created: earlier.created,
        best: earlier.best,
        precision: earlier.precision,
        epoch: earlier.epoch,
        maxEpoch: earlier.maxEpoch,
        step: earlier.step,
        totalSteps: earlier.totalSteps,
      };
      return new RunWriter(
        folder,
        { ...fresh, ...kept },
        new EventWriter(folder.events),
        release,
        start.observe,
      );
    } catch (error) {
      release();
      throw error;
    }
  }

  get info(): Readonly<RunInfo> {
    return this.current;
  }

  /** Changes `run.json`. Written at once when the state or the best result changes, else with the next heartbeat. */
  update(change: Partial<RunInfo>): void {
    const important = change.state !== undefined || change.best !== undefined;
    this.current = { ...this.current, ...change };
    if (important) this.save();
  }

  event(event: Unstamped<RunEvent>): void {
    const stamped = { ...event, time: Date.now() / 1000 };
    this.events.write(stamped);
    this.observe?.(stamped);
  }

  note(level: NoteEvent['level'], code: string, message: Words, hint?: Words): void {
    this.event({
      type: 'note',
      level,
      code,
      ...adviceFrom(message, hint),
      step: this.current.step,
    });
  }

  /**
   * Ends the run: the last event, the final state, the lock. When it fails it may be called again to say so: then
   * only `run.json` is written.
   */
  close(
    state: 'finished' | 'stopped' | 'failed',
    message: Words | null = null,
    hint: Words | null = null,
  ): void {
    clearInterval(this.heartbeat);
    const { step, epoch } = this.current;
    const said = message === null ? {} : adviceFrom(message, hint);
    const unsaid = { message: null, hint: null, phrase: undefined, hintPhrase: undefined };
    try {
      if (!this.ended) this.writeEnd({ state, step, epoch, ...said });
    } finally {
      // On a full disk the event may fail; the state still has a chance (run.json replaces itself).
      const ended = new Date().toISOString();
      this.current = { ...this.current, state, ...unsaid, ...said, ended };
      try {
        this.save();
      } finally {
        this.releaseLock();
      }
    }
  }

  private writeEnd(end: Omit<EndEvent, 'type' | 'time'>): void {
    this.ended = true;
    try {
      this.event({ type: 'end', ...end });
    } finally {
      this.events.close();
    }
  }

  private save(): void {
    this.current.heartbeat = new Date().toISOString();
    writeFileAtomic(this.folder.runJson, JSON.stringify(this.current, null, 2) + '\n');
  }

  private beat(): void {
    try {
      this.save();
    } catch {
      // A full disk stops the run where it matters, at the next checkpoint; a missed heartbeat does not.
    }
  }
}

/**
 * Applies the rules for a folder that holds a run already, and touches nothing.
 * @throws {UserError} when it does, that run has anything to keep and neither `resume` nor `overwrite` was said, or
 *   there is nothing to resume.
 */
export function requireUsableFolder(root: string, mode: RunStart['mode']): void {
  const folder = new RunFolder(root);
  const found = withDiskErrors(root, () => statSync(root, { throwIfNoEntry: false }));
  if (found?.isDirectory() === false)
    throw new UserError(phrase('{0} cannot be a run folder: it is a file.', root), {
      hint: phrase('Choose another output_dir, or move that file away.'),
    });
  if (mode === 'resume' && !existsSync(folder.last) && !existsSync(folder.oldLast))
    throw new UserError(
      phrase('{0} has nothing to resume: it holds no checkpoint_last.', folder.root),
      {
        hint: phrase(
          'A run can be resumed once it was saved (save_minutes, save_steps, the end of an epoch). Start it without --resume.',
        ),
      },
    );
  const traces = [folder.runJson, folder.events, folder.best, folder.last];
  if (mode === 'new' && traces.some((file) => existsSync(file)) && !nothingToKeep(folder))
    throw new UserError(phrase('{0} already holds a run; it was not touched.', folder.root), {
      hint: phrase(
        'Go on with it by --resume, replace it by --overwrite, or choose another --output_dir.',
      ),
    });
}

/** Makes the folder ready; returns the run to go on with. */
function prepareFolder(folder: RunFolder, mode: RunStart['mode']): RunInfo | undefined {
  requireUsableFolder(folder.root, mode);
  return withDiskErrors(folder.root, () => {
    sweep(folder);
    if (mode === 'overwrite')
      for (const file of [...folder.owned, ...folder.epochCheckpoints])
        rmSync(file, { recursive: true, force: true });
    // It may hold a run that came to nothing. What its trainer logged stays, above what the new one will.
    if (mode === 'new') rmSync(folder.events, { force: true });
    const goesOn = mode === 'resume' || mode === 'again';
    return goesOn && existsSync(folder.runJson) ? readEarlier(folder) : undefined;
  });
}

/** A damaged run.json is replaced: name and history of the run are lost, its checkpoints are not. */
function readEarlier(folder: RunFolder): RunInfo | undefined {
  try {
    return migrateRunInfo(JSON.parse(readFileSync(folder.runJson, 'utf8')), folder.root);
  } catch {
    return undefined;
  }
}
