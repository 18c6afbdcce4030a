/**
 * Evaluates a data set: BLIP's `evaluate` (train_nlvr.py) without its random swap of left and right. Each distinct image is
 * encoded once.
 */
import { evaluationSteps, stepsByRank, type EvaluationStep } from '../../data/order';
import type { EncodedTexts } from '../../data/text/encodeTexts';
import type { Batch, Dataset } from '../../data/types';
import type { SessionCollectives } from '../../runtime/distributed/sessionCollectives';
import { encodingRuns } from './encodingRuns';
import { ImageSlots } from './imageSlots';
import type { NlvrPrograms } from '../programs';

/** A batch with pixels of the programs' type: bytes, or normalized floats in golden tests. */
export type EvaluationBatch = Omit<Batch, 'images'> & { images: Uint8Array | Float32Array };

/** This process's batches of an evaluation, in the order of its plan's `steps`. */
export type BatchSource = AsyncIterable<EvaluationBatch>;

/** Inputs of the model for the pairs of a batch. */
export interface VariantInputs extends EncodedTexts {
  /** The images of each pair, as positions in the batch's images; BLANK for the mean image. */
  left: ArrayLike<number>;
  right: ArrayLike<number>;
}

/** Position of the mean image, which replaces an image. */
export const BLANK = -1;

/** Changes the inputs of a batch, such as swapped images or an empty sentence. */
export type Variant = (batch: EvaluationBatch) => VariantInputs;

/** The inputs of the annotations. */
export const unchangedInputs: Variant = (batch) => batch;

export interface EvaluationHooks {
  /** Called after each batch of all processes; `done` of `total` examples are classified. */
  onProgress?(done: number, total: number): void;
  /** Called between batches; when it returns true on any process, the evaluation ends without a result. */
  stopped?(): boolean;
  /** Awaited between two batches. */
  betweenBatches?(): Promise<void>;
}

/** The batches of a split that each process classifies. */
export interface EvaluationPlan {
  /** The batches of this process. */
  steps: readonly EvaluationStep[];
  /** Maximum number of batches of a process. */
  rounds: number;
}

export class Evaluator {
  private readonly slots: ImageSlots;
  private readonly chunk: number;
  /** Slot for the padding of an incomplete encoding run. */
  private readonly paddingSlot: number;
  /** Slot of the mean image. */
  private readonly blankSlot: number;

  /**
   * @param batchSize maximum number of examples in a batch.
   * @param collectives the processes that share the evaluation.
   * @param blank bytes of the mean image, for variants that use it.
   */
  constructor(
    private readonly programs: NlvrPrograms,
    private readonly pixelsPerImage: number,
    private readonly batchSize: number,
    private readonly collectives: Pick<SessionCollectives, 'rank' | 'worldSize' | 'allReduceSum'>,
    private readonly blank?: Uint8Array,
  ) {
    const capacity = 2 * batchSize;
    this.chunk = programs.imagesPerEncoding(capacity);
    this.slots = new ImageSlots(capacity);
    this.paddingSlot = capacity;
    this.blankSlot = capacity + 1;
  }

  /** Plans the evaluation of a split. The content of a batch does not depend on the number of processes. */
  plan({ examples }: Dataset): EvaluationPlan {
    const { rank, worldSize } = this.collectives;
    const shares = stepsByRank(evaluationSteps(examples, this.batchSize), worldSize);
    return { steps: shares[rank], rounds: Math.max(...shares.map((share) => share.length)) };
  }

  /**
   * Computes the logits of a split, the same on all processes.
   * @param batches the batches of the plan's steps, in order.
   * @returns two numbers per example, [false, true], in annotation order; undefined when stopped.
   */
  async evaluate(
    dataset: Dataset,
    plan: EvaluationPlan,
    batches: BatchSource,
    hooks: EvaluationHooks = {},
  ): Promise<Float32Array | undefined> {
    return (await this.evaluateVariants(dataset, plan, batches, [unchangedInputs], hooks))?.[0];
  }

  /**
   * As `evaluate`, for several variants of the inputs; each image is encoded once for all of them.
   * @returns the logits of each variant.
   */
  async evaluateVariants(
    dataset: Dataset,
    plan: EvaluationPlan,
    batches: BatchSource,
    variants: readonly Variant[],
    hooks: EvaluationHooks = {},
  ): Promise<Float32Array[] | undefined> {
    // Released afterward, because training needs the memory: 228 MB for the base model.
    this.programs.reserveSlots((this.blank ? this.blankSlot : this.paddingSlot) + 1);
    const source = batches[Symbol.asyncIterator]();
    try {
      if (this.blank) await this.encodeBlank(this.blank);
      return await this.classifyAll(dataset, plan, source, variants, hooks);
    } finally {
      await source.return?.();
      await this.programs.releaseSlots();
    }
  }

  private async classifyAll(
    dataset: Dataset,
    { steps, rounds }: EvaluationPlan,
    source: AsyncIterator<EvaluationBatch>,
    variants: readonly Variant[],
    hooks: EvaluationHooks,
  ): Promise<Float32Array[] | undefined> {
    const logits = variants.map(() => new Float32Array(2 * dataset.examples.length));
    let answered = 0;
    for (let round = 0; round < rounds; round++) {
      if (round < steps.length) {
        // The weights may have changed since the last evaluation, and reused features must not depend on the number of processes.
        if (!steps[round].sharesImagesWithPrevious) this.slots.clear();
        const next = await source.next();
        if (next.done === true)
          throw new RangeError('an evaluation has fewer batches than its plan');
        const batch = next.value;
        const slots = await this.encode(imagePaths(dataset, batch), batch.images);
        for (const [v, variant] of variants.entries()) {
          const answers = await this.classifyBatch(batch.indices.length, slots, variant(batch));
          batch.indices.forEach((index, i) =>
            logits[v].set(answers.subarray(2 * i, 2 * i + 2), 2 * index),
          );
        }
        answered += batch.indices.length;
      }
      // All ranks synchronize after every batch: none continues where another one stopped.
      const stopped = hooks.stopped?.() === true;
      const [done, stops] = await this.collectives.allReduceSum(
        Float32Array.of(answered, stopped ? 1 : 0),
      );
      if (stops > 0) return undefined;
      hooks.onProgress?.(done, dataset.examples.length);
      await hooks.betweenBatches?.();
    }
    // Each example's logits are 0 on all ranks except one, so that their sum is exact.
    const shared: Float32Array[] = [];
    for (const each of logits) shared.push(await this.collectives.allReduceSum(each));
    return shared;
  }

  /** Computes the logits of `n` pairs, [n, 2]. @param slots slots of the batch's images */
  private async classifyBatch(
    n: number,
    slots: Int32Array,
    asked: VariantInputs,
  ): Promise<Float32Array> {
    const { left, right, inputIds, attentionMask, length } = asked;
    const slotsOf = (images: ArrayLike<number>): Int32Array =>
      Int32Array.from(images, (image) => (image === BLANK ? this.blankSlot : slots[image]));
    const outputs = await this.programs.classificationProgram(this.batchSize, length).run({
      left: this.padded(n, 1, slotsOf(left)),
      right: this.padded(n, 1, slotsOf(right)),
      inputIds: this.padded(n, length, inputIds),
      attentionMask: this.padded(n, length, attentionMask),
    });
    return outputs['logits'] as Float32Array;
  }

  private async encodeBlank(blank: Uint8Array): Promise<void> {
    const images = new Uint8Array(this.chunk * this.pixelsPerImage);
    images.set(blank);
    const slots = new Int32Array(this.chunk).fill(this.paddingSlot);
    slots[0] = this.blankSlot;
    await this.programs.encodingProgram(this.chunk).run({ images, slots });
  }

  /** Slots of the images; missing ones are encoded. */
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
    let start = 0;
    for (const size of encodingRuns(missing.length, this.chunk, this.programs.featureShape[0])) {
      const count = size * this.pixelsPerImage;
      const images = pixels instanceof Uint8Array ? new Uint8Array(count) : new Float32Array(count);
      const targets = new Int32Array(size).fill(this.paddingSlot);
      missing.slice(start, start + size).forEach((i, k) => {
        images.set(
          pixels.subarray(i * this.pixelsPerImage, (i + 1) * this.pixelsPerImage),
          k * this.pixelsPerImage,
        );
        targets[k] = slots[i] = this.slots.take(names[i], inUse);
      });
      await this.programs.encodingProgram(size).run({ images, slots: targets });
      start += size;
    }
    return slots;
  }

  /** Pads [n × width] values to the batch size with copies of the first row, whose results are ignored. */
  private padded(n: number, width: number, values: Int32Array): Int32Array {
    if (n === this.batchSize) return values;
    const full = new Int32Array(this.batchSize * width);
    for (let row = n; row < this.batchSize; row++) full.set(values.subarray(0, width), row * width);
    full.set(values.subarray(0, n * width));
    return full;
  }
}

/** Paths of the images of a batch, by their positions in it. */
function imagePaths(
  dataset: Dataset,
  { indices, imageCount, left, right }: EvaluationBatch,
): string[] {
  const names = new Array<string>(imageCount);
  indices.forEach((index, i) => {
    const { images } = dataset.examples[index];
    names[left[i]] = images[0];
    names[right[i]] = images[1];
  });
  return names;
}
