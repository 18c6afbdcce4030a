import { setImmediate } from 'node:timers/promises';
import { DataError } from '../dataError';
import { trainingTransform } from '../image/transform';
import { KeyedRandom, Purpose } from '../random';
import { cleanCaption, swapLeftRight } from '../text/caption';
import { encodeTexts, type EncodedTexts } from '../text/encodeTexts';
import { defaultTokenizer, type Tokenizer } from '../text/tokenizer';
import type { Batch } from '../types';
import type { BatchTask } from './batchTask';
import type { ImageStore } from './imageStore';
import { limitedConcurrency } from '../../util/limitedConcurrency';
import { localize } from '../../util/localize';
import { IMAGES_DECODED_AHEAD } from '../../util/machineTuning';

type TaskExample = BatchTask['examples'][number];

/** One image of the batch. */
interface ImageJob {
  file: string;
  /** Its position in `Batch.images`. */
  slot: number;
  example: TaskExample;
  /** 0 or 1: left or right in the annotation, before swapping. */
  side: 0 | 1;
}

/** Maximum time without returning to the event loop, in ms: without workers, the trainer runs on the same thread. */
const MAX_BLOCKING_MS = 20;

/** Builds batches. The result depends only on the task, not on the thread that builds it. */
export class BatchBuilder {
  private readonly tokenizer: Tokenizer = defaultTokenizer();
  private lastPause = performance.now();

  constructor(private readonly store: ImageStore) {}

  /** Builds a batch. @throws {DataError} that names the image, its example and its line in the annotations */
  async build(task: BatchTask): Promise<Batch> {
    const { examples } = task;
    const swapped = examples.map((example) => isSwapped(task, example));
    const { jobs, left, right } = placeImages(task, swapped);
    const { imageSize } = task.settings;
    const imageBytes = imageSize * imageSize * 3;
    const images = new Uint8Array(jobs.length * imageBytes);
    const unread = new Set(task.skippedFiles);
    const toRead = jobs.filter(({ file }) => !unread.has(file));
    await this.runJobs(toRead, (job) =>
      this.fill(task, job, images.subarray(job.slot * imageBytes, (job.slot + 1) * imageBytes)),
    );
    return {
      indices: Int32Array.from(examples, ({ index }) => index),
      images,
      imageCount: jobs.length,
      left,
      right,
      swapped: Uint8Array.from(swapped, Number),
      ...this.texts(task, swapped),
      labels: Int32Array.from(examples, ({ label }) => (label === null ? -1 : label ? 1 : 0)),
    };
  }

  /** Runs a few jobs concurrently: while one image is transformed here, the next are decoded on other threads. */
  private runJobs(jobs: readonly ImageJob[], run: (job: ImageJob) => Promise<void>): Promise<void> {
    return limitedConcurrency(jobs, IMAGES_DECODED_AHEAD, async (job) => {
      await run(job);
      if (performance.now() - this.lastPause > MAX_BLOCKING_MS) {
        await setImmediate();
        this.lastPause = performance.now();
      }
    });
  }

  private async fill(task: BatchTask, job: ImageJob, target: Uint8Array): Promise<void> {
    const { imageSize, augment, seed } = task.settings;
    try {
      if (task.mode === 'train' && augment) {
        const key = { seed, epoch: task.epoch, index: job.example.index, image: job.side };
        const random = new KeyedRandom({ ...key, purpose: Purpose.augment });
        trainingTransform(await this.store.decoded(job.file), imageSize, random, target);
      } else await this.store.resized(job.file, imageSize, target);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const { identifier, line } = job.example;
      throw new DataError(
        localize(
          '{0}; it belongs to example {1} ({2}:{3})',
          error.reason,
          identifier,
          task.file,
          line,
        ),
        { file: error.file },
      );
    }
  }

  /** Token ids and masks, [n, length] each. */
  private texts(task: BatchTask, swapped: readonly boolean[]): EncodedTexts {
    const { maxWords, maxTokens } = task.settings;
    const captions = task.examples.map(({ sentence }, i) => {
      const caption = cleanCaption(sentence, maxWords);
      return swapped[i] ? swapLeftRight(caption) : caption;
    });
    return encodeTexts(this.tokenizer, captions, { maxTokens, multiple: task.lengthMultiple });
  }
}

/** Whether the images of this example are swapped; only in training. */
function isSwapped({ mode, epoch, settings }: BatchTask, { index }: TaskExample): boolean {
  if (mode === 'eval' || !settings.swapImages) return false;
  const key = { seed: settings.seed, epoch, index, purpose: Purpose.swap };
  return new KeyedRandom(key).uniform() >= 0.5;
}

/** Assigns the images of the examples to positions in the batch. */
function placeImages(
  { examples, shareImages }: BatchTask,
  swapped: readonly boolean[],
): { jobs: ImageJob[]; left: Int32Array; right: Int32Array } {
  const n = examples.length;
  const jobs: ImageJob[] = [];
  const slots = new Map<string, number>();
  const place = (i: number, position: 0 | 1): number => {
    const side = swapped[i] ? (position === 0 ? 1 : 0) : position;
    const example = examples[i];
    const file = example.images[side];
    const shared = shareImages ? slots.get(file) : undefined;
    if (shared !== undefined) return shared;
    slots.set(file, jobs.length);
    return jobs.push({ file, slot: jobs.length, example, side }) - 1;
  };
  const left = Int32Array.from({ length: n }, (_, i) => place(i, 0));
  const right = Int32Array.from({ length: n }, (_, i) => place(i, 1));
  return { jobs, left, right };
}
