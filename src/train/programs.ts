/**
 * Programs of training and evaluation. They have static shapes: a program is traced for each batch size and padded text
 * length, when it is first needed.
 */
import * as tf from '@tensorflow/tfjs';
import type { Config } from '../config/definition';
import { classify, crossEntropy, encodeImages, normalize } from '../model/blipNlvr';
import { imageTokens, type NlvrModelConfig } from '../model/config';
import type { ModelContext } from '../model/modelContext';
import { imagesPerEncoding } from '../model/size';
import { gatherRows, scatterRows } from '../runtime/ops/variableRows';
import { joinShards, splitIntoShards } from '../runtime/trace/shards';
import type { Inputs, InputSpec, Program, Scope } from '../runtime/trace/program';
import type { Session } from '../runtime/session';
import { watchGradients } from '../runtime/trace/watch';
import { compileOptimizerStep, type OptimizerStep } from '../runtime/optimizer/optimizerStep';
import { reductionSize } from './ranks/stepReduction';

/** Variable with the features of the images that an evaluation currently uses, one slot per image: [slots, tokens, width]. */
const FEATURES = 'evaluation.features';

/** Type of the fed pixels: bytes, or normalized floats in golden tests. */
export type PixelType = 'uint8' | 'float32';

export interface ProgramOptions {
  training: Pick<Config, 'weight_decay' | 'grad_clip' | 'accumulate_steps' | 'gradient_precision'>;
  /** Names of the parameters to train. */
  trainable: readonly string[];
  /** Training reads image features instead of pixels (`freeze_vit`). */
  frozenVit: boolean;
  pixels: PixelType;
  /** false: gradients of several ranks are reduced only after the backward pass. For measurements. */
  overlap?: boolean;
  /** Maximum bytes of gradients in one collective. For measurements. */
  bucketBytes?: number;
}

export class NlvrPrograms {
  private readonly trainingSteps = new Map<string, OptimizerStep>();
  private readonly classification = new Map<string, Program>();
  private readonly explanation = new Map<string, Program>();
  private readonly encoding = new Map<number, Program>();
  private hostEncoding: Program | undefined;
  private slotCount = 0;

  constructor(
    private readonly session: Session,
    private readonly model: NlvrModelConfig,
    private readonly options: ProgramOptions,
  ) {}

  /** Shape of one image's features. */
  get featureShape(): [tokens: number, width: number] {
    return [imageTokens(this.model), this.model.vision.width];
  }

  /** Number of images that one run of an encoding program takes. */
  imagesPerEncoding(most: number): number {
    return imagesPerEncoding(this.model, most);
  }

  /**
   * The optimizer step for `n` pairs: forward pass, loss, gradients, clipping, AdamW.
   *
   * Feeds: `images` [2n, size, size, 3], left images first, or `features` [2n, tokens, width] with a frozen ViT; `inputIds`,
   * `attentionMask` [n, length]; `labels` [n]; `seed` [2]; `report` (`StepReduction`); `lr`, `step`; in fp16 `loss_scale`.
   * Outputs: `loss`, `logits` [n, 2], `correct`, `grad_norm`, and `report` with this step's loss and correct answers added,
   * summed over all ranks.
   */
  trainingProgram(n: number, length: number): OptimizerStep {
    return getOrCreate(this.trainingSteps, `${n}x${length}`, () => {
      const { training, trainable, frozenVit } = this.options;
      const { worldSize } = this.session.rankSpec;
      const accumulateSteps = training.accumulate_steps;
      const pixels: Record<string, InputSpec> = frozenVit
        ? { features: { shape: [2 * n, ...this.featureShape], dtype: 'float32' } }
        : { images: this.imageSpec(2 * n) };
      return compileOptimizerStep(this.session, {
        name: `train_${n}x${length}`,
        inputs: {
          ...pixels,
          ...textSpecs(n, length),
          labels: { shape: [n], dtype: 'int32' },
          seed: { shape: [2], dtype: 'int32' },
          report: { shape: [reductionSize(accumulateSteps, worldSize)], dtype: 'float32' },
        },
        parameters: trainable,
        optimizer: { weightDecay: training.weight_decay },
        gradClip: training.grad_clip,
        accumulateSteps,
        lossScaling: this.session.info.precision === 'fp16',
        reduction: {
          precision: training.gradient_precision,
          ...(this.options.overlap === false && { overlap: false }),
          ...(this.options.bucketBytes !== undefined && { bucketBytes: this.options.bucketBytes }),
        },
        loss: (inputs, scope) => {
          const context = contextOf(scope, inputs['seed']);
          const features = frozenVit
            ? inputs['features']
            : encodeImages(this.model, this.pixels(inputs), context);
          const [image0, image1] = tf.split(features, 2);
          const logits = classify(
            this.model,
            image0,
            image1,
            inputs['inputIds'],
            inputs['attentionMask'],
            context,
          );
          const loss = crossEntropy(logits, inputs['labels']);
          const correct = correctAnswers(logits, inputs['labels']);
          // [losses of earlier micro-batches, this loss, correct answers, stop and milliseconds of the ranks]
          const own = tf.concat([
            ...(accumulateSteps > 1 ? [tf.zeros([accumulateSteps - 1])] : []),
            tf.reshape(loss, [1]),
            tf.reshape(correct, [1]),
            tf.zeros([1 + worldSize]),
          ]);
          return {
            loss,
            outputs: { logits, correct },
            summed: { report: tf.add(inputs['report'], own) },
          };
        },
      });
    });
  }

  /** Declares the variable with the features of `slots` images; its size is fixed by the first call. */
  reserveSlots(slots: number): void {
    if (this.slotCount > 0 && this.slotCount < slots)
      throw new RangeError(`features have ${this.slotCount} slots, ${slots} were asked for`);
    this.slotCount ||= slots;
    this.session.variable(FEATURES, [this.slotCount, ...this.featureShape], 'zeros');
  }

  /** Frees the memory of the features, until `reserveSlots` is called again. */
  async releaseSlots(): Promise<void> {
    if (this.slotCount > 0) await this.session.releaseVariable(FEATURES);
  }

  /** Encodes `count` images into slots. Feeds: `images` [count, size, size, 3], `slots` [count]. No outputs. */
  encodingProgram(count: number): Program {
    return getOrCreate(this.encoding, count, () =>
      this.session.compile({
        name: `encode_${count}`,
        fixedShards: true,
        inputs: { images: this.imageSpec(count), slots: { shape: [count], dtype: 'int32' } },
        build: (inputs, scope) => {
          const features = encodeImages(this.model, this.pixels(inputs), contextOf(scope));
          scatterRows(scope, FEATURES, inputs['slots'], features);
          return {};
        },
      }),
    );
  }

  /** Number of images that one run of `hostEncodingProgram` takes: one per shard. */
  get imagesPerRun(): number {
    return this.session.shards;
  }

  /**
   * Encodes `imagesPerRun` images, each in its own shard. Output: `features` [images, tokens, width], which depend to the
   * last bit only on the image, not on its position or on the other images.
   */
  hostEncodingProgram(): Program {
    this.hostEncoding ??= this.session.compile({
      name: 'features',
      inputs: { images: this.imageSpec(this.imagesPerRun) },
      build: (inputs, scope) => ({
        features: encodeImages(this.model, this.pixels(inputs), contextOf(scope)),
      }),
    });
    return this.hostEncoding;
  }

  /**
   * Classifies `n` pairs of encoded images. Feeds: `left`, `right` [n], slots of the images; `inputIds`, `attentionMask`
   * [n, length]. Output: `logits` [n, 2].
   */
  classificationProgram(n: number, length: number): Program {
    return getOrCreate(this.classification, `${n}x${length}`, () =>
      this.session.compile({
        name: `classify_${n}x${length}`,
        fixedShards: true,
        inputs: {
          left: { shape: [n], dtype: 'int32' },
          right: { shape: [n], dtype: 'int32' },
          ...textSpecs(n, length),
        },
        build: (inputs, scope) => {
          const [left, right, inputIds, attentionMask] = [
            inputs['left'],
            inputs['right'],
            inputs['inputIds'],
            inputs['attentionMask'],
          ].map(splitIntoShards);
          const context = contextOf(scope);
          const logits = left.map((slots, shard) =>
            classify(
              this.model,
              gatherRows(scope, FEATURES, slots),
              gatherRows(scope, FEATURES, right[shard]),
              inputIds[shard],
              attentionMask[shard],
              context,
            ),
          );
          return { logits: joinShards(logits) };
        },
      }),
    );
  }

  /**
   * As `classificationProgram`, with cross-attention and its gradients. Additional feed: `wanted` [n, 3], the logit to
   * explain: [1, 0, 0] false, [0, 1, 0] true, [0, 0, 1] that of the model's answer. Additional outputs, for each layer i
   * (from 0) and image s (0 left, 1 right), named `attentionName(i, s)`: `.probabilities` of the cross-attention [n, heads,
   * length, tokens], and `.gradient` of the sum of the explained logits with respect to them.
   */
  explanationProgram(n: number, length: number): Program {
    return getOrCreate(this.explanation, `${n}x${length}`, () =>
      this.session.compile({
        name: `explain_${n}x${length}`,
        inputs: {
          left: { shape: [n], dtype: 'int32' },
          right: { shape: [n], dtype: 'int32' },
          wanted: { shape: [n, 3], dtype: 'float32' },
          ...textSpecs(n, length),
        },
        build: ({ left, right, wanted, inputIds, attentionMask }, scope) => {
          // The whole text encoder depends on this LayerNorm.
          const start = scope.param('text_encoder.embeddings.LayerNorm.bias');
          const { outputs, watched } = watchGradients(start, (watch) => {
            const logits = classify(
              this.model,
              gatherRows(scope, FEATURES, left),
              gatherRows(scope, FEATURES, right),
              inputIds,
              attentionMask,
              {
                ...contextOf(scope),
                onCrossAttention: (layer, image, p) => watch(attentionName(layer, image), p),
              },
            );
            return { scalar: tf.sum(explainedLogits(logits, wanted)), outputs: { logits } };
          });
          for (const [name, { value, gradient }] of watched) {
            outputs[`${name}.probabilities`] = value;
            outputs[`${name}.gradient`] = gradient;
          }
          return outputs;
        },
      }),
    );
  }

  private imageSpec(count: number): InputSpec {
    const { imageSize } = this.model;
    return { shape: [count, imageSize, imageSize, 3], dtype: this.options.pixels };
  }

  private pixels(inputs: Inputs): tf.Tensor {
    const images = inputs['images'];
    return this.options.pixels === 'uint8' ? normalize(images) : images;
  }
}

/** Output name of a layer's (from 0) cross-attention over an image in `NlvrPrograms.explanationProgram`, without suffix. */
export function attentionName(layer: number, image: 0 | 1): string {
  return `layer.${layer}.image${image}`;
}

/**
 * Selects the logit to explain of each pair.
 * @param logits [n, 2]
 * @param wanted [n, 3], one-hot: false, true, or the model's answer
 * @returns [n]
 */
function explainedLogits(logits: tf.Tensor, wanted: tf.Tensor): tf.Tensor {
  // The selection has no gradient.
  return tf.customGrad((both, chosen, save) => {
    const [isFalse, isTrue] = tf.split(both as tf.Tensor, 2, 1);
    const answer = tf.cast(tf.greater(isTrue, isFalse), 'float32');
    const [onFalse, onTrue, onAnswer] = tf.split(chosen as tf.Tensor, 3, 1);
    const weights = tf.concat(
      [
        tf.add(onFalse, tf.mul(onAnswer, tf.sub(1, answer))),
        tf.add(onTrue, tf.mul(onAnswer, answer)),
      ],
      1,
    );
    (save as tf.GradSaveFunc)([weights, chosen as tf.Tensor]);
    return {
      value: tf.sum(tf.mul(both as tf.Tensor, weights), 1),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        tf.mul(tf.expandDims(dy, 1), saved[0]),
        tf.zerosLike(saved[1]),
      ],
    };
  })(logits, wanted);
}

/** Number of pairs whose answer is the label. Equal logits mean "false", as in BLIP. @returns a float32 scalar */
function correctAnswers(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  const [isFalse, isTrue] = tf.split(logits, 2, 1);
  const answers = tf.cast(tf.greater(tf.reshape(isTrue, [-1]), tf.reshape(isFalse, [-1])), 'int32');
  return tf.sum(tf.cast(tf.equal(answers, labels), 'float32'));
}

function textSpecs(n: number, length: number): Record<'inputIds' | 'attentionMask', InputSpec> {
  return {
    inputIds: { shape: [n, length], dtype: 'int32' },
    attentionMask: { shape: [n, length], dtype: 'int32' },
  };
}

/** Context of the model's functions; with a seed in training mode. */
function contextOf(scope: Scope, seed?: tf.Tensor): ModelContext {
  return {
    param: (name) => scope.param(name),
    training: seed !== undefined,
    ...(seed && { seed }),
  };
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
