/**
 * Evaluation: BLIP's `evaluate` (train_nlvr.py) without its random left/right exchange, each distinct image
 * encoded once.
 */
import { evaluationSteps, shardSteps, type EvaluationStep } from '../data/order';
import type { Batch, Dataset } from '../data/types';
import type { Replica } from '../runtime/replica/replica';
import { ImageSlots } from './imageSlots';
import type { NlvrPrograms } from './programs';

/** A batch whose pixels are bytes, or (golden tests) normalised floats, as the programs were made for. */
export type EvaluationBatch = Omit<Batch, 'images'> & { images: Uint8Array | Float32Array };

/** The batches of an evaluation that one process takes, as `steps` of its plan. */
export type BatchSource = AsyncIterable<EvaluationBatch>;

export interface EvaluationHooks {
  /** After each batch of all processes; `done` of `total` examples have answers. */
  onProgress?(done: number, total: number): void;
  /** Looked at between batches; an evaluation that was stopped on any process has no result. */
  stopped?(): boolean;
  /** Awaited between two batches. */
  between?(): Promise<void>;
}

/** Which batches of a split each process answers. */
export interface EvaluationPlan {
  /** This process's. */
  steps: readonly EvaluationStep[];
  /** Batches of the process that has the most. */
  rounds: number;
}

export class Evaluator {
  private readonly slots: ImageSlots;
  private readonly chunk: number;

  /**
   * @param batchSize the most examples of a batch.
   * @param replica the processes that share an evaluation.
   */
  constructor(
    private readonly programs: NlvrPrograms,
    private readonly pixelsPerImage: number,
    private readonly batchSize: number,
    private readonly replica: Pick<Replica, 'rank' | 'worldSize' | 'allReduceSum'>,
  ) {
    const capacity = 2 * batchSize;
    this.chunk = programs.encodingChunk(capacity);
    this.slots = new ImageSlots(capacity);
  }

  /** What each process has to do for a split. It does not depend on how many there are what a batch consists of. */
  plan({ examples }: Dataset): EvaluationPlan {
    const { rank, worldSize } = this.replica;
    const shares = shardSteps(evaluationSteps(examples, this.batchSize), worldSize);
    return { steps: shares[rank], rounds: Math.max(...shares.map((share) => share.length)) };
  }

  /**
   * Logits of a whole split, the same on every process.
   * @param batches those of the plan's steps, in order.
   * @returns two numbers an example, [false, true], in annotation order; undefined when stopped.
   */
  async evaluate(
    dataset: Dataset,
    plan: EvaluationPlan,
    batches: BatchSource,
    hooks: EvaluationHooks = {},
  ): Promise<Float32Array | undefined> {
    // Training needs the memory of the features: 228 MB for the base model. One slot more, that padding of a half-filled
    // encoding run is written to.
    this.programs.reserveSlots(2 * this.batchSize + 1);
    const source = batches[Symbol.asyncIterator]();
    try {
      return await this.answerAll(dataset, plan, source, hooks);
    } finally {
      await source.return?.();
      await this.programs.releaseSlots();
    }
  }

  private async answerAll(
    dataset: Dataset,
    { steps, rounds }: EvaluationPlan,
    source: AsyncIterator<EvaluationBatch>,
    hooks: EvaluationHooks,
  ): Promise<Float32Array | undefined> {
    const logits = new Float32Array(2 * dataset.examples.length);
    let answered = 0;
    for (let round = 0; round < rounds; round++) {
      if (round < steps.length) {
        // Between two evaluations the weights may have changed, and what is shared must not depend on the processes.
        if (!steps[round].goesOn) this.slots.clear();
        const next = await source.next();
        if (next.done === true)
          throw new RangeError('an evaluation has fewer batches than its plan');
        const batch = next.value;
        const answers = await this.answer(dataset, batch);
        batch.indices.forEach((index, i) =>
          logits.set(answers.subarray(2 * i, 2 * i + 2), 2 * index),
        );
        answered += batch.indices.length;
      }
      // All ranks meet after every batch: none goes on where another one stopped.
      const stopped = hooks.stopped?.() === true;
      const [done, stops] = await this.replica.allReduceSum(
        Float32Array.of(answered, stopped ? 1 : 0),
      );
      if (stops > 0) return undefined;
      hooks.onProgress?.(done, dataset.examples.length);
      await hooks.between?.();
    }
    // Each example's logits are 0 on all ranks but one.
    return this.replica.allReduceSum(logits);
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
