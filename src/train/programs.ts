/**
 * The recorded computations of training and evaluation. Programs have static shapes, so there is one for each
 * batch size and padded text length; they are recorded when first needed and kept.
 */
import * as tf from '@tensorflow/tfjs';
import type { Config } from '../config/definition';
import { classify, crossEntropy, encodeImages, normalise } from '../model/blipNlvr';
import { imageTokens, type NlvrModelConfig } from '../model/config';
import type { ModelContext } from '../model/modelContext';
import { encodingChunk } from '../model/size';
import { gatherRows, scatterRows } from '../runtime/ops/variableRows';
import { joinShards, splitIntoShards } from '../runtime/trace/shards';
import type { Inputs, InputSpec, Program, Scope } from '../runtime/trace/program';
import type { Session } from '../runtime/session';
import { watchGradients } from '../runtime/trace/watch';
import { compileTrainingStep, type TrainingStep } from '../runtime/optimizer/trainingStep';
import { reportSize } from './ranks/stepReport';

/** Image features of a split's neighbourhood, one slot an image: [slots, tokens, width]. */
const FEATURES = 'evaluation.features';

/** How pixels reach a program: bytes, or (for golden tests) already normalised floats. */
export type PixelType = 'uint8' | 'float32';

export interface ProgramOptions {
  optimizer: Pick<Config, 'weight_decay' | 'grad_clip' | 'accumulate_steps' | 'gradient_precision'>;
  /** Parameters to train. */
  trainable: readonly string[];
  /** Training reads image features instead of pixels (`freeze_vit`). */
  frozenVit: boolean;
  pixels: PixelType;
  /** false: gradients of several processes are sent only when all of them exist. For measurements. */
  overlap?: boolean;
  /** Most bytes of gradients in one message between processes. For measurements. */
  bucketBytes?: number;
}

export class NlvrPrograms {
  private readonly training = new Map<string, TrainingStep>();
  private readonly classification = new Map<string, Program>();
  private readonly explanation = new Map<string, Program>();
  private readonly encoding = new Map<number, Program>();
  private encodingApart: Program | undefined;
  private slotCount = 0;

  constructor(
    private readonly session: Session,
    private readonly model: NlvrModelConfig,
    private readonly options: ProgramOptions,
  ) {}

  /** Floats of one image's features: tokens × width. */
  get featureShape(): [tokens: number, width: number] {
    return [imageTokens(this.model), this.model.vision.width];
  }

  /** Images that one encoding run takes. */
  encodingChunk(most: number): number {
    return encodingChunk(this.model, most);
  }

  /**
   * A training step of `n` pairs. Feeds: `images` (2n images, those on the left first) or, with a frozen ViT,
   * `features` [2n, tokens, width]; `inputIds`, `attentionMask` [n, length]; `labels` [n]; `seed` [2]; `report`
   * (`SharedReport`); `lr`, `step`; in fp16 `loss_scale`. Returns `loss`, `logits` [n, 2], `correct`, `grad_norm`, and `report` with the
   * step's loss and correct answers added, summed over all ranks.
   */
  trainingStep(n: number, length: number): TrainingStep {
    return remember(this.training, `${n}x${length}`, () => {
      const { optimizer, trainable, frozenVit } = this.options;
      const { worldSize } = this.session.replica;
      const accumulateSteps = optimizer.accumulate_steps;
      const pixels: Record<string, InputSpec> = frozenVit
        ? { features: { shape: [2 * n, ...this.featureShape], dtype: 'float32' } }
        : { images: this.imageSpec(2 * n) };
      return compileTrainingStep(this.session, {
        name: `train_${n}x${length}`,
        inputs: {
          ...pixels,
          ...textSpecs(n, length),
          labels: { shape: [n], dtype: 'int32' },
          seed: { shape: [2], dtype: 'int32' },
          report: { shape: [reportSize(accumulateSteps, worldSize)], dtype: 'float32' },
        },
        parameters: trainable,
        optimizer: { weightDecay: optimizer.weight_decay },
        gradClip: optimizer.grad_clip,
        accumulateSteps,
        lossScaling: this.session.info.precision === 'fp16',
        reduction: {
          precision: optimizer.gradient_precision,
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
          // [losses of earlier micro-batches, this loss, correct answers, further reports of the ranks]
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

  /** Makes room for the features of `slots` images; grows only before the first encoding. */
  reserveSlots(slots: number): void {
    if (this.slotCount > 0 && this.slotCount < slots)
      throw new RangeError(`features have ${this.slotCount} slots, ${slots} were asked for`);
    this.slotCount ||= slots;
    this.session.variable(FEATURES, [this.slotCount, ...this.featureShape], 'zeros');
  }

  /** Gives the memory of the features back, until `reserveSlots` is called again. */
  async releaseSlots(): Promise<void> {
    if (this.slotCount > 0) await this.session.releaseVariable(FEATURES);
  }

  /**
   * Encodes `count` images into slots. Feeds: `images` [count, size, size, 3], `slots` [count].
   * Returns nothing of interest (`done`, a scalar).
   */
  encode(count: number): Program {
    return remember(this.encoding, count, () =>
      this.session.compile({
        name: `encode_${count}`,
        fixedParts: true,
        inputs: { images: this.imageSpec(count), slots: { shape: [count], dtype: 'int32' } },
        build: (inputs, scope) => {
          const features = encodeImages(this.model, this.pixels(inputs), contextOf(scope));
          scatterRows(scope, FEATURES, inputs['slots'], features);
          return {};
        },
      }),
    );
  }

  /** Images that `encodeToHost` takes. */
  get imagesPerRun(): number {
    return this.session.lanes;
  }

  /**
   * Encodes `imagesPerRun` images, each in a lane of its own, and returns their `features` [images, tokens, width]. They
   * depend on the image alone, to the last bit, and not on its place or on the others.
   */
  encodeToHost(): Program {
    this.encodingApart ??= this.session.compile({
      name: 'features',
      inputs: { images: this.imageSpec(this.imagesPerRun) },
      build: (inputs, scope) => ({
        features: encodeImages(this.model, this.pixels(inputs), contextOf(scope)),
      }),
    });
    return this.encodingApart;
  }

  /**
   * Answers `n` pairs whose images lie in slots. Feeds: `left`, `right` [n] slots; `inputIds`, `attentionMask`
   * [n, length]. Returns `logits` [n, 2].
   */
  classify(n: number, length: number): Program {
    return remember(this.classification, `${n}x${length}`, () =>
      this.session.compile({
        name: `classify_${n}x${length}`,
        fixedParts: true,
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
          const logits = left.map((slots, lane) =>
            classify(
              this.model,
              gatherRows(scope, FEATURES, slots),
              gatherRows(scope, FEATURES, right[lane]),
              inputIds[lane],
              attentionMask[lane],
              context,
            ),
          );
          return { logits: joinShards(logits) };
        },
      }),
    );
  }

  /**
   * As `classify`, with what the answer looks at. Feeds in addition: `wanted` [n, 3], which logit is explained: one of
   * [1, 0, 0] false, [0, 1, 0] true, [0, 0, 1] that of the answer itself. Returns in addition, for each layer i (from 0)
   * and image s (0 left, 1 right), `attentionName(i, s)` with `.probabilities` and `.gradient`: the cross-attention's probabilities [n, heads, length,
   * tokens], and the gradient of the sum of the explained logits with respect to them.
   */
  explain(n: number, length: number): Program {
    return remember(this.explanation, `${n}x${length}`, () =>
      this.session.compile({
        name: `explain_${n}x${length}`,
        inputs: {
          left: { shape: [n], dtype: 'int32' },
          right: { shape: [n], dtype: 'int32' },
          wanted: { shape: [n, 3], dtype: 'float32' },
          ...textSpecs(n, length),
        },
        build: ({ left, right, wanted, inputIds, attentionMask }, scope) => {
          // All text goes through this LayerNorm.
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
            return { scalar: tf.sum(explained(logits, wanted)), outputs: { logits } };
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
    return this.options.pixels === 'uint8' ? normalise(images) : images;
  }
}

/** What `NlvrPrograms.explain` calls the cross-attention of a layer (from 0) over an image, before `.probabilities`. */
export function attentionName(layer: number, image: 0 | 1): string {
  return `layer.${layer}.image${image}`;
}

/**
 * The logit of each pair that is to be explained.
 * @param logits [n, 2]
 * @param wanted [n, 3]: false, true, or whichever the model answers
 * @returns [n]
 */
function explained(logits: tf.Tensor, wanted: tf.Tensor): tf.Tensor {
  // Which answer it is has no gradient.
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

/** How many of n pairs are answered as labelled; BLIP's decision, a tie is "false". @returns a float32 scalar */
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

/** With a seed: training, dropout on. */
function contextOf(scope: Scope, seed?: tf.Tensor): ModelContext {
  return {
    param: (name) => scope.param(name),
    training: seed !== undefined,
    ...(seed && { seed }),
  };
}

function remember<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
