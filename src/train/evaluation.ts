/**
 * Evaluation: BLIP's `evaluate` (train_nlvr.py) without its random left/right exchange, each distinct image
 * encoded once.
 */
import type { Batch, Dataset } from '../data/types';
import { ImageSlots } from './imageSlots';
import type { NlvrPrograms } from './programs';

/** A batch whose pixels are bytes, or (golden tests) normalised floats, as the programs were made for. */
export type EvaluationBatch = Omit<Batch, 'images'> & { images: Uint8Array | Float32Array };

/** Batches of a split, every example once; `indices` says which. */
export type BatchSource = AsyncIterable<EvaluationBatch>;

export interface EvaluationHooks {
  /** After each batch; `done` of `total` examples have answers. */
  onProgress?(done: number, total: number): void;
  /** Looked at between batches; an evaluation that was stopped has no result. */
  stopped?(): boolean;
  /** Awaited between two batches. */
  between?(): Promise<void>;
}

export class Evaluator {
  private readonly slots: ImageSlots;
  private readonly chunk: number;

  /** @param batchSize the most examples of a batch. */
  constructor(
    private readonly programs: NlvrPrograms,
    private readonly pixelsPerImage: number,
    private readonly batchSize: number,
  ) {
    const capacity = 2 * batchSize;
    this.chunk = programs.encodingChunk(capacity);
    this.slots = new ImageSlots(capacity);
  }

  /**
   * Logits of a whole split.
   * @returns two numbers an example, [false, true], in annotation order; undefined when stopped.
   */
  async evaluate(
    dataset: Dataset,
    batches: BatchSource,
    hooks: EvaluationHooks = {},
  ): Promise<Float32Array | undefined> {
    // Between two evaluations the weights may have changed, and training needs the memory of the features: 228 MB for the
    // base model. One slot more, that padding of a half-filled encoding run is written to.
    this.slots.clear();
    this.programs.reserveSlots(2 * this.batchSize + 1);
    try {
      return await this.answerAll(dataset, batches, hooks);
    } finally {
      await this.programs.releaseSlots();
    }
  }

  private async answerAll(
    dataset: Dataset,
    batches: BatchSource,
    hooks: EvaluationHooks,
  ): Promise<Float32Array | undefined> {
    const logits = new Float32Array(2 * dataset.examples.length);
    let done = 0;
    for await (const batch of batches) {
      if (hooks.stopped?.()) return undefined;
      const answers = await this.answer(dataset, batch);
      batch.indices.forEach((index, i) =>
        logits.set(answers.subarray(2 * i, 2 * i + 2), 2 * index),
      );
      done += batch.indices.length;
      hooks.onProgress?.(done, dataset.examples.length);
      await hooks.between?.();
    }
    return logits;
  }

  /** Logits of one batch, [n, 2]; images that are not in a slot yet are encoded. */
  private async answer(dataset: Dataset, batch: EvaluationBatch): Promise<Float32Array> {
    const n = batch.indices.length;
    const names = new Array<string>(batch.imageCount);
    batch.indices.forEach((index, i) => {
      const { images } = dataset.examples[index];
      names[batch.left[i]] = images[0];
      names[batch.right[i]] = images[1];
    });
    const slots = await this.encode(names, batch.images);
    const program = this.programs.classify(this.batchSize, batch.length);
    const outputs = await program.run({
      left: this.padded(
        n,
        1,
        batch.left.map((image) => slots[image]),
      ),
      right: this.padded(
        n,
        1,
        batch.right.map((image) => slots[image]),
      ),
      inputIds: this.padded(n, batch.length, batch.inputIds),
      attentionMask: this.padded(n, batch.length, batch.attentionMask),
    });
    return outputs['logits'] as Float32Array;
  }

  /** Slots of the images, those that were not there encoded in full runs of `chunk`. */
  private async encode(
    names: readonly string[],
    pixels: Uint8Array | Float32Array,
  ): Promise<Int32Array> {
    const inUse = new Set(names);
    const slots = new Int32Array(names.length);
    const missing: number[] = [];
    names.forEach((name, i) => {
      const slot = this.slots.find(name);
      if (slot === undefined) missing.push(i);
      else slots[i] = slot;
    });
    for (let start = 0; start < missing.length; start += this.chunk) {
      const count = this.chunk * this.pixelsPerImage;
      const images = pixels instanceof Uint8Array ? new Uint8Array(count) : new Float32Array(count);
      const targets = new Int32Array(this.chunk).fill(2 * this.batchSize);
      missing.slice(start, start + this.chunk).forEach((i, k) => {
        images.set(
          pixels.subarray(i * this.pixelsPerImage, (i + 1) * this.pixelsPerImage),
          k * this.pixelsPerImage,
        );
        targets[k] = slots[i] = this.slots.take(names[i], inUse);
      });
      await this.programs.encode(this.chunk).run({ images, slots: targets });
    }
    return slots;
  }

  /** [n × width] values padded to the batch size by repeating the first row, whose answer is then ignored. */
  private padded(n: number, width: number, values: Int32Array): Int32Array {
    if (n === this.batchSize) return values;
    const full = new Int32Array(this.batchSize * width);
    for (let row = n; row < this.batchSize; row++) full.set(values.subarray(0, width), row * width);
    full.set(values.subarray(0, n * width));
    return full;
  }
}
