import { basename, relative } from 'node:path';
import { version } from '../../../package.json';
import { dumpConfig } from '../../config/dump';
import type { MissingPart } from '../../config/modelParts';
import type { LoadedConfig } from '../../config/load';
import { EVENT_VERSION, type Split } from '../../run/events';
import type { AttemptWriter } from '../../run/record/attemptWriter';
import type { RunFolder } from '../../run/runFolder';
import type { HeldLock } from '../../run/record/runLock';
import { RunWriter } from '../../run/record/runWriter';
import {
  weightsNotes,
  type EvaluatedWeights,
  type EvaluationBegin,
  type EvaluationOutput,
} from './types';
import { skippedNote, type Metrics } from '../../analysis/metrics';
import type { MessageText } from '../../util/localize';

const PROGRESS_EVERY_MS = 500;

/** An evaluation that is a run, which the editor lists, shows and stops like a training. */
export class EvaluationRun implements EvaluationOutput {
  readonly writesLog = true;
  private shown = performance.now();
  private readonly results: Partial<Record<Split, Metrics>> = {};
  private incomplete: MissingPart[] = [];

  private constructor(private readonly writer: RunWriter) {}

  /** @param lock the folder's lock, which is released when this fails */
  static open(
    folder: RunFolder,
    loaded: LoadedConfig,
    mode: 'new' | 'again',
    lock: HeldLock,
    attempt: AttemptWriter | undefined,
  ): EvaluationRun {
    return new EvaluationRun(
      RunWriter.open({
        root: folder.root,
        kind: 'evaluate',
        name: basename(folder.root),
        configFile: loaded.file,
        configHash: loaded.hash,
        // With this folder as output_dir: paths of the data are found relative to it after everything was moved.
        configText: dumpConfig({ ...loaded.config, output_dir: folder.root }, loaded.folder),
        version,
        mode,
        lock,
        ...(attempt && { attempt }),
      }),
    );
  }

  get folder(): RunFolder {
    return this.writer.folder;
  }

  begin({ examples, device, tensorflow, precision, parameters }: EvaluationBegin): void {
    const totalSteps = Object.values(examples).reduce((sum, count) => sum + count, 0);
    const { versions } = this.writer.info;
    this.writer.update({
      state: 'running',
      device,
      precision,
      versions: { ...versions, tensorflow },
      step: 0,
      totalSteps,
      best: null,
    });
    this.writer.event({
      type: 'start',
      v: EVENT_VERSION,
      resumed: false,
      step: 0,
      epoch: 0,
      maxEpoch: 0,
      stepsPerEpoch: 1,
      totalSteps,
      examples,
      device,
      precision,
      parameters,
    });
  }

  loaded(weights: EvaluatedWeights): void {
    this.incomplete = [...weights.incomplete];
    // An earlier evaluation in this folder may have had another model.
    this.writer.update({ incomplete: this.incomplete.length === 0 ? undefined : this.incomplete });
    for (const { code, message } of weightsNotes(weights))
      this.writer.note('warning', code, message);
  }

  progress(split: Split, done: number, total: number, before: number): void {
    const now = performance.now();
    if (now - this.shown < PROGRESS_EVERY_MS) return;
    this.shown = now;
    this.writer.update({ step: before + done });
    this.writer.progress((before + done) / this.writer.info.totalSteps);
    this.writer.event({ type: 'evalProgress', split, epoch: 0, done, total });
  }

  result(split: Split, metrics: Metrics, seconds: number, predictions: string): void {
    this.results[split] = metrics;
    this.writer.event({
      type: 'eval',
      split,
      epoch: null,
      step: 0,
      ...metrics,
      ...(this.incomplete.length > 0 && { incomplete: this.incomplete }),
      seconds,
      predictions: relative(this.folder.root, predictions),
    });
    if (metrics.skipped !== undefined)
      this.writer.note('warning', 'skipped-examples', skippedNote(split, metrics));
    const { val, test } = this.results;
    if (!val || val.accuracy === null) return;
    const { accuracy, consistency } = val;
    const testAccuracy = test?.accuracy ?? null;
    this.writer.update({ best: { epoch: 0, step: 0, accuracy, consistency, testAccuracy } });
  }

  close(
    state: 'finished' | 'stopped' | 'failed',
    message?: MessageText,
    hint?: MessageText | null,
    exitCode?: number,
  ): void {
    if (state === 'finished') this.writer.update({ step: this.writer.info.totalSteps });
    this.writer.close(state, message, hint, exitCode);
  }
}
