import { relative, resolve, sep } from 'node:path';
import { dumpConfig } from '../../config/dump';
import type { LoadedConfig } from '../../config/load';
import type { MissingPart } from '../../config/modelParts';
import { isUrl } from '../../config/paths';
import { locateWeights } from '../../model/loadWeights';
import { EventReader, type EventBatch } from '../../run/read/eventReader';
import { EventWriter } from '../../run/record/eventWriter';
import type { Split } from '../../run/events';
import type { RunFolder } from '../../run/runFolder';
import type { RunInfo } from '../../run/runInfo';
import type { AttemptWriter } from '../../run/record/attemptWriter';
import type { HeldLock } from '../../run/record/runLock';
import { writeFileAtomic } from '../../util/atomicFile';
import { storedAdvice, type MessageText } from '../../util/localize';
import { ExitCode } from '../../util/userError';
import {
  weightsNotes,
  type EvaluatedWeights,
  type EvaluationBegin,
  type EvaluationOutput,
} from './types';
import type { Metrics } from '../../analysis/metrics';

/** The folder of an attached evaluation, and what it evaluates. */
export interface AttachedEvaluationRequest {
  folder: RunFolder;
  info: RunInfo | undefined;
  checkpoint: string;
  attempt: AttemptWriter | undefined;
  /** Whether another program trained the run. */
  isForeignRun: boolean;
  loaded: LoadedConfig;
}

/**
 * An evaluation in the folder of a run, which stays unchanged in `run.json`. Results of the run's own checkpoint are also
 * written as events, which the dashboard shows. Results of other weights are only in the files, because as events they would
 * be taken for those of the run.
 */
export class AttachedEvaluation implements EvaluationOutput {
  private incomplete: MissingPart[] = [];
  /** Number of examples of all splits. */
  private totalExamples = 0;

  private constructor(
    readonly folder: RunFolder,
    private readonly events: EventWriter | undefined,
    /** Number of optimizer steps of the checkpoint. */
    private readonly step: number,
    private readonly lock: HeldLock,
    private readonly attempt: AttemptWriter | undefined,
    /** The evaluation's configuration, for the run of another program, which has none of its own. */
    private readonly configText: string | undefined,
  ) {}

  /** @param lock the folder's lock, which is released when this fails */
  static async open(
    { folder, info, checkpoint, attempt, isForeignRun, loaded }: AttachedEvaluationRequest,
    lock: HeldLock,
  ): Promise<AttachedEvaluation> {
    try {
      const own = info && !isUrl(checkpoint) && isWithin(folder.root, checkpoint);
      const step = own ? await stepOf(folder, await locateWeights(checkpoint), info.step) : 0;
      const events = own ? new EventWriter(folder.events) : undefined;
      const used = { ...loaded.config, output_dir: folder.root };
      const configText = isForeignRun ? dumpConfig(used, loaded.folder) : undefined;
      return new AttachedEvaluation(folder, events, step, lock, attempt, configText);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Records the evaluation in its attempt only: the run itself is not active. */
  begin({ examples }: EvaluationBegin): void {
    this.totalExamples = Object.values(examples).reduce((sum, count) => sum + count, 0);
    this.attempt?.begin();
    this.attempt?.phase('loading');
    if (this.configText !== undefined)
      writeFileAtomic(this.folder.evaluationConfig, this.configText);
  }

  get writesLog(): boolean {
    return this.configText === undefined;
  }

  loaded(weights: EvaluatedWeights): void {
    this.incomplete = [...weights.incomplete];
    for (const { code, message } of weightsNotes(weights))
      this.events?.write({
        type: 'note',
        time: Date.now() / 1000,
        level: 'warning',
        code,
        ...storedAdvice(message),
        step: this.step,
      });
  }

  progress(_split: Split, done: number, _total: number, before: number): void {
    this.attempt?.phase('evaluating');
    if (this.totalExamples > 0) this.attempt?.progress((before + done) / this.totalExamples);
  }

  result(split: Split, metrics: Metrics, seconds: number, predictions: string): void {
    this.lock.requireHeld();
    this.events?.write({
      type: 'eval',
      time: Date.now() / 1000,
      split,
      epoch: null,
      step: this.step,
      ...metrics,
      ...(this.incomplete.length > 0 && { incomplete: this.incomplete }),
      seconds,
      predictions: relative(this.folder.root, predictions),
    });
  }

  close(
    state: 'finished' | 'stopped' | 'failed',
    message: MessageText | null = null,
    hint: MessageText | null = null,
    exitCode: number = state === 'finished'
      ? ExitCode.done
      : state === 'stopped'
        ? ExitCode.stopped
        : ExitCode.failed,
  ): void {
    try {
      this.events?.close();
    } finally {
      this.attempt?.close(state, exitCode, message, hint);
      this.lock.release();
    }
  }
}

function isWithin(root: string, path: string): boolean {
  const place = relative(root, resolve(path));
  return place === '' || (place !== '..' && !place.startsWith(`..${sep}`));
}

/** The step at which a checkpoint was last saved, from the run's events. */
async function stepOf(folder: RunFolder, file: string, otherwise: number): Promise<number> {
  const name = relative(folder.root, resolve(file));
  let step = otherwise;
  const readSteps = ({ events }: EventBatch): void => {
    for (const { event } of events)
      if (event.type === 'checkpoint' && (name === event.path || name.startsWith(event.path + sep)))
        step = event.step;
  };
  readSteps(await new EventReader(folder.events).read(readSteps));
  return step;
}
