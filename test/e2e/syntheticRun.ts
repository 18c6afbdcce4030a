/**
 * Writes a run folder of any size in the format of the trainer, for tests and measurements of the panels. The same options
 * give the same run except for its times, which are before the current time.
 */
import { createWriteStream, mkdirSync, writeFileSync, type WriteStream } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { once } from 'node:events';
import type { RunEvent, WatchedPair } from '../../src/run/events';
import { EVENT_VERSION } from '../../src/run/events';
import { processStartTime } from '../../src/run/record/processStart';
import type { Prediction } from '../../src/run/predictions';
import { RunFolder } from '../../src/run/runFolder';
import { RUN_SCHEMA_VERSION, type RunInfo, type RunState } from '../../src/run/runInfo';
import { drawImages, pickOf, seeded, type Random, type SyntheticImage } from './syntheticImages';

export interface SyntheticRunOptions {
  /** Optimizer steps done. */
  steps?: number;
  /** Epochs of these steps. */
  epochs?: number;
  /** Planned epochs; more than `epochs` makes an unfinished run. */
  maxEpoch?: number;
  /** Predictions of the validation split after each of the last `predictedEpochs`. */
  predictions?: number;
  predictedEpochs?: number;
  /** Distinct images. */
  images?: number;
  state?: RunState;
  name?: string;
  seed?: number;
  /** Keys of config.yaml that replace the defaults. */
  config?: Record<string, string | number | boolean>;
  /** Interval of steps with a loss that is not finite; 0 for never. */
  nanEvery?: number;
  /** Whether accuracy stays at chance level, with a note. */
  stuck?: boolean;
  /** The first sentence of every predictions file and of the watched pairs. */
  firstSentence?: string;
}

export interface SyntheticRun {
  folder: string;
  info: RunInfo;
  predictionFiles: string[];
}

const batchSize = 16;

/** Creates the run in `folder`, and its images in `images` next to it. */
export async function syntheticRun(
  folder: string,
  options: SyntheticRunOptions = {},
): Promise<SyntheticRun> {
  const run = new Synthesis(folder, options);
  await run.draw();
  await run.writeEvents();
  const predictionFiles = await run.writePredictions();
  return { folder, info: run.writeInfo(), predictionFiles };
}

class Synthesis {
  private readonly random: Random;
  private readonly at: RunFolder;
  private images: SyntheticImage[] = [];
  private readonly started: number;
  private readonly secondsPerStep = 0.19;
  private readonly steps: number;
  private readonly epochs: number;
  private readonly maxEpoch: number;
  private readonly stepsPerEpoch: number;
  private best: RunInfo['best'] = null;

  constructor(
    folder: string,
    private readonly options: SyntheticRunOptions,
  ) {
    mkdirSync(folder, { recursive: true });
    this.at = new RunFolder(folder);
    this.random = seeded(options.seed ?? 1);
    this.steps = options.steps ?? 2000;
    this.epochs = options.epochs ?? 5;
    this.maxEpoch = options.maxEpoch ?? this.epochs;
    this.stepsPerEpoch = Math.ceil(this.steps / this.epochs);
    this.started = Date.now() / 1000 - this.steps * this.secondsPerStep - 60;
  }

  async draw(): Promise<void> {
    const folder = join(dirname(this.at.root), 'images');
    this.images = await drawImages(folder, this.options.images ?? 24, this.random);
  }

  private get state(): RunState {
    return this.options.state ?? 'finished';
  }

  private get totalSteps(): number {
    return this.maxEpoch * this.stepsPerEpoch;
  }

  /** Accuracy of a model at a progress of 0 to 1. */
  private accuracyAt(step: number): number {
    const progress = step / Math.max(1, this.totalSteps);
    if (this.options.stuck) return 0.5 + 0.006 * Math.sin(step);
    return 0.5 + 0.31 * (1 - Math.exp(-4 * progress));
  }

  private lossAt(step: number): number | null {
    const every = this.options.nanEvery ?? 0;
    if (every > 0 && step % every === 0) return null;
    const accuracy = this.accuracyAt(step);
    const level = 0.72 - 1.45 * (accuracy - 0.5);
    return Math.max(0.02, level * (1 + 0.35 * (this.random() + this.random() - 1)));
  }

  async writeEvents(): Promise<void> {
    const out = createWriteStream(this.at.events);
    const log: string[] = [];
    const put = (event: RunEvent) => write(out, JSON.stringify(event));
    let time = this.started;
    await put({
      type: 'start',
      v: EVENT_VERSION,
      time,
      resumed: false,
      step: 0,
      epoch: 0,
      maxEpoch: this.maxEpoch,
      stepsPerEpoch: this.stepsPerEpoch,
      totalSteps: this.totalSteps,
      examples: { train: this.stepsPerEpoch * batchSize, val: 6982, test: 6967 },
      device: 'CPU (8 threads)',
      precision: 'fp32',
      parameters: 259_000_000,
    });
    if (this.options.stuck)
      await put({
        type: 'note',
        time,
        level: 'warning',
        code: 'missing-pretrained-keys',
        message: '212 keys of the pretrained checkpoint were not loaded.',
        hint: 'Is `pretrained` the checkpoint you meant?',
      });
    for (let step = 1; step <= this.steps; step++) {
      time += this.secondsPerStep * (0.9 + 0.2 * this.random());
      const epoch = Math.min(this.epochs - 1, Math.floor((step - 1) / this.stepsPerEpoch));
      await put(this.stepEvent(time, step, epoch));
      if (step % this.stepsPerEpoch === 0 || step === this.steps)
        if (step === (epoch + 1) * this.stepsPerEpoch || this.state === 'finished')
          time = await this.endEpoch(put, time, step, epoch, log);
    }
    if (this.state === 'finished' || this.state === 'stopped')
      await put({ type: 'end', time, state: this.state, step: this.steps, epoch: this.epochs - 1 });
    if (this.state === 'failed')
      await put({
        type: 'end',
        time,
        state: 'failed',
        step: this.steps,
        epoch: this.epochs - 1,
        message: 'The trainer ran out of memory.',
        hint: 'Lower batch_size_train or turn vit_grad_ckpt on.',
      });
    out.end();
    await once(out, 'close');
    writeFileSync(this.at.log, log.join(''));
  }

  private stepEvent(time: number, step: number, epoch: number): RunEvent {
    const cosine = 0.5 * (1 + Math.cos((Math.PI * epoch) / this.maxEpoch));
    return {
      type: 'step',
      time,
      step,
      epoch,
      loss: this.lossAt(step),
      lr: Number(this.options.config?.init_lr ?? 3e-5) * cosine,
      accuracy:
        Math.min(16, Math.round(16 * (this.accuracyAt(step) + 0.3 * (this.random() - 0.5)))) / 16,
      gradNorm: 1 + this.random(),
      ...(step % 5 === 0 && {
        speed: 80 + 8 * this.random() - (step % 1000 < 40 ? 25 : 0),
        wait: 0.01 + 0.01 * this.random(),
        memory: 3.1e9 + 2e8 * Math.min(1, step / 500) + 1e7 * this.random(),
      }),
    };
  }

  private async endEpoch(
    put: (event: RunEvent) => Promise<void>,
    time: number,
    step: number,
    epoch: number,
    log: string[],
  ): Promise<number> {
    const accuracy = this.accuracyAt(step);
    await put({
      type: 'epoch',
      time,
      epoch,
      step,
      loss: 0.72 - 1.45 * (accuracy - 0.5),
      accuracy: accuracy + 0.02,
      lr: 3e-5,
      seconds: this.stepsPerEpoch * this.secondsPerStep,
    });
    for (const split of ['val', 'test'] as const) {
      time += 9;
      const measured = accuracy - (split === 'test' ? 0.012 : 0.004) - 0.01 * this.random();
      await put({
        type: 'eval',
        time,
        split,
        epoch,
        step,
        accuracy: measured,
        consistency: Math.max(0, measured - 0.34),
        loss: 0.75 - 1.4 * (measured - 0.5),
        examples: split === 'val' ? 6982 : 6967,
        seconds: 9,
        groups: [],
        predictions: `predictions/${split}-epoch-${String(epoch).padStart(3, '0')}.jsonl`,
      });
      if (split === 'val' && measured > (this.best?.accuracy ?? 0)) {
        this.best = {
          epoch,
          step,
          accuracy: measured,
          consistency: measured - 0.34,
          testAccuracy: measured - 0.008,
        };
        await put({
          type: 'checkpoint',
          time,
          kind: 'best',
          epoch,
          step,
          path: 'checkpoint_best.safetensors',
          bytes: 1_036_000_000,
        });
      }
    }
    await put({ type: 'watch', time, epoch, pairs: this.watchedPairs(epoch) });
    if (this.options.stuck && epoch === 2)
      await put({
        type: 'note',
        time,
        level: 'warning',
        code: 'accuracy-at-chance',
        message: 'Accuracy has been at chance level for 3 epochs.',
        hint: 'Check `pretrained` and the labels.',
        step,
      });
    log.push(`${JSON.stringify({ epoch: String(epoch), val_acc: accuracy.toFixed(4) })}\n`);
    return time;
  }

  private watchedPairs(epoch: number): WatchedPair[] {
    return Array.from({ length: 6 }, (_, index) => {
      const example = this.example(index);
      const certainty = (0.9 * (epoch + 1)) / (epoch + 2.5);
      const noise = 0.25 * (seeded(index * 97 + epoch)() - 0.5);
      const answer = index === 4 ? !example.label : example.label;
      return {
        identifier: example.identifier,
        index,
        sentence: example.sentence,
        images: example.images,
        label: example.label,
        probTrue: Math.min(0.99, Math.max(0.01, 0.5 + (answer ? 0.5 : -0.5) * certainty + noise)),
      };
    });
  }

  /** The example at an index of the validation split; the same on each call. */
  private example(index: number) {
    const random = seeded(index * 7919 + 13);
    const left = pickOf(random, this.images);
    const right = pickOf(random, this.images);
    const about = pickOf(random, [left, right]);
    const both = random() < 0.5;
    const sentence =
      index === 0 && this.options.firstSentence !== undefined
        ? this.options.firstSentence
        : both
          ? `Both images contain ${about.color} ${about.shape}s.`
          : `One image shows exactly ${about.count} ${about.color} ${about.shape}${about.count === 1 ? '' : 's'}.`;
    const fits = (image: SyntheticImage) =>
      image.color === about.color &&
      image.shape === about.shape &&
      (both || image.count === about.count);
    return {
      identifier: `dev-${Math.floor(index / 4)}-${Math.floor(index / 2) % 2}-${index % 2}`,
      sentence,
      images: [left.path, right.path] as [string, string],
      label: both ? fits(left) && fits(right) : fits(left) !== fits(right),
      group: both ? 'both images' : 'counting',
      random,
    };
  }

  async writePredictions(): Promise<string[]> {
    const count = this.options.predictions ?? 400;
    const files: string[] = [];
    if (count === 0) return files;
    mkdirSync(this.at.predictions, { recursive: true });
    const first = Math.max(0, this.epochs - (this.options.predictedEpochs ?? 2));
    for (let epoch = first; epoch < this.epochs; epoch++) {
      const file = this.at.predictionsOf('val', epoch);
      const out = createWriteStream(file);
      for (let index = 0; index < count; index++)
        await write(out, JSON.stringify(this.prediction(index, epoch)));
      out.end();
      await once(out, 'close');
      files.push(file);
    }
    return files;
  }

  private prediction(index: number, epoch: number): Prediction {
    const { random, ...example } = this.example(index);
    const hardness = random();
    const right = hardness < this.accuracyAt((epoch + 1) * this.stepsPerEpoch);
    const margin = 0.2 + 3 * Math.abs(right ? 1 - hardness : seeded(index + epoch)());
    const logit = example.label === right ? margin / 2 : -margin / 2;
    return {
      identifier: example.identifier,
      index,
      split: 'val',
      sentence: example.sentence,
      images: example.images,
      label: example.label,
      prediction: logit > 0,
      prob_true: 1 / (1 + Math.exp(-2 * logit)),
      logits: [-logit, logit],
      group: example.group,
    };
  }

  writeInfo(): RunInfo {
    const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
    const now = Date.now() / 1000;
    const configFile = join(dirname(this.at.root), 'nlvr.yaml');
    const living = this.state === 'running' || this.state === 'starting';
    const info: RunInfo = {
      schema: RUN_SCHEMA_VERSION,
      id: `synthetic-${this.options.seed ?? 1}-${basename(this.at.root)}`,
      name: this.options.name ?? 'bright-otter-3',
      kind: 'train',
      state: this.state,
      created: iso(this.started),
      started: iso(this.started),
      ended: living ? null : iso(now - 5),
      pid: living ? process.pid : 999_999,
      processStart: living ? processStartTime(process.pid) : null,
      host: hostname(),
      heartbeat: iso(now),
      configFile,
      configHash: '0'.repeat(64),
      versions: { nlvr: '0.1.0', node: process.version, tensorflow: '2.20.0' },
      device: 'CPU (8 threads)',
      precision: 'fp32',
      threads: 8,
      lanes: 1,
      epoch: Math.min(this.epochs, this.maxEpoch - 1),
      maxEpoch: this.maxEpoch,
      step: this.steps,
      totalSteps: this.totalSteps,
      best: this.best,
      message: this.state === 'failed' ? 'The trainer ran out of memory.' : null,
      hint: this.state === 'failed' ? 'Lower batch_size_train or turn vit_grad_ckpt on.' : null,
    };
    writeFileSync(this.at.runJson, JSON.stringify(info, null, 2));
    const config = {
      image_root: 'images',
      ann_root: 'annotations',
      batch_size_train: batchSize,
      init_lr: 3e-5,
      max_epoch: this.maxEpoch,
      seed: 42,
      ...this.options.config,
    };
    writeFileSync(
      this.at.config,
      Object.entries(config)
        .map(([key, value]) => `${key}: ${value}\n`)
        .join(''),
    );
    return info;
  }
}

/** Writes a line, and waits if the stream is full. */
async function write(out: WriteStream, line: string): Promise<void> {
  if (!out.write(`${line}\n`)) await once(out, 'drain');
}
