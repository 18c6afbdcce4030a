/**
 * Text encoder: BLIP's models/nlvr_encoder.py, a BERT with a cross-attention for each of the two images in every layer. Their
 * outputs are averaged in layers 0 to 5, and merged by a projection in later layers.
 * Only the first token's result is used (blip_nlvr.py), so the last layer computes no other.
 *
 * Shapes: n pairs, L tokens, w width, H heads, N image tokens, v image width.
 */
import * as tf from '@tensorflow/tfjs';
import { attention } from '../runtime/ops/attention';
import { embedding } from '../runtime/ops/embedding';
import { rematerializedGelu } from '../runtime/ops/gelu';
import { rematerializedLayerNorm } from '../runtime/ops/layerNorm';
import { linear } from '../runtime/ops/linear';
import { type Rematerialized, valueOf } from '../runtime/trace/rematerialize';
import type { TextConfig } from './config';
import { crossAttention } from './crossAttention';
import { EMBEDDING_RNG_STREAM, dropoutIn, textRngStream } from './modelContext';
import type { ModelContext } from './modelContext';
import { FIRST_MERGED_LAYER } from './parameters';

const ROOT = 'text_encoder';
/** `padding_idx` of the word embedding: its row gets no gradient. */
const PADDING_ID = 0;
/** Added to the scores of padding tokens. */
const MASKED = -10000;

/**
 * Encodes sentences with cross-attention to the images.
 * @param image0 [n, N, v] features of the left images
 * @param image1 [n, N, v] features of the right images
 * @param inputIds int32 [n, L], [ENC] first
 * @param attentionMask int32 [n, L], 0 for padding
 * @returns [n, w], the first token after the last layer
 */
export function textEncoder(
  config: TextConfig,
  image0: tf.Tensor,
  image1: tf.Tensor,
  inputIds: tf.Tensor,
  attentionMask: tf.Tensor,
  context: ModelContext,
): tf.Tensor {
  const [n] = inputIds.shape as [number];
  const encoder = new Encoder(config, image0, image1, scoreMask(attentionMask), context);
  let x = encoder.embeddings(inputIds);
  for (let i = 0; i < config.layers; i++) {
    const last = i === config.layers - 1;
    const queries = last && !context.onCrossAttention ? firstToken(valueOf(x)) : x;
    x = encoder.layer(i, queries, x);
    context.observe?.(`${ROOT}.encoder.layer.${i}`, x.value);
  }
  return tf.reshape(firstToken(valueOf(x)), [n, config.width]);
}

/** The attention mask as scores to add, 0 for tokens: [n, L] → [n, 1, 1, L]. */
function scoreMask(attentionMask: tf.Tensor): tf.Tensor {
  const [n, length] = attentionMask.shape as [number, number];
  const padding = tf.sub(1, tf.cast(attentionMask, 'float32'));
  return tf.reshape(tf.mul(padding, MASKED), [n, 1, 1, length]);
}

/** [n, L, w] → [n, 1, w] */
function firstToken(x: tf.Tensor): tf.Tensor {
  const [n, , width] = x.shape as [number, number, number];
  return tf.slice(x, [0, 0, 0], [n, 1, width]);
}

class Encoder {
  constructor(
    private readonly config: TextConfig,
    private readonly image0: tf.Tensor,
    private readonly image1: tf.Tensor,
    private readonly mask: tf.Tensor,
    private readonly context: ModelContext,
  ) {}

  /** Word and position embeddings; BLIP has no token types. [n, L] → [n, L, w] */
  embeddings(inputIds: tf.Tensor): tf.Tensor | Rematerialized {
    const { width, hiddenDropout } = this.config;
    const length = inputIds.shape.at(-1) ?? 0;
    const name = `${ROOT}.embeddings`;
    const words = embedding(
      this.context.param(`${name}.word_embeddings.weight`),
      inputIds,
      PADDING_ID,
    );
    const table = this.context.param(`${name}.position_embeddings.weight`);
    const positions = tf.slice(table, [0, 0], [length, width]);
    const x = this.norm(tf.add(words, positions), `${name}.LayerNorm`);
    this.context.observe?.(name, x.value);
    const dropped = dropoutIn(this.context, x.value, hiddenDropout, EMBEDDING_RNG_STREAM);
    return dropped === x.value ? x : dropped;
  }

  /**
   * Computes one layer: self-attention over `x`, cross-attention over both images, feed-forward network.
   * @param queries [n, Q, w], the tokens to compute: all tokens of `x`, or the first
   * @param x [n, L, w]
   * @returns [n, Q, w]
   */
  layer(
    index: number,
    queries: tf.Tensor | Rematerialized,
    x: tf.Tensor | Rematerialized,
  ): Rematerialized {
    const name = `${ROOT}.encoder.layer.${index}`;
    const { hiddenDropout } = this.config;
    const attended = this.linear(
      this.selfAttention(index, queries, x),
      `${name}.attention.output.dense`,
    );
    const own = this.norm(
      tf.add(
        dropoutIn(this.context, attended, hiddenDropout, textRngStream(index, 'selfOutput')),
        valueOf(queries),
      ),
      `${name}.attention.output.LayerNorm`,
    );
    const crossed = this.norm(
      tf.add(
        dropoutIn(
          this.context,
          this.twinAttention(index, own),
          hiddenDropout,
          textRngStream(index, 'crossOutput'),
        ),
        own.value,
      ),
      `${name}.crossattention.output.LayerNorm`,
    );
    const hidden = rematerializedGelu(this.linear(crossed, `${name}.intermediate.dense`));
    const fed = this.linear(hidden, `${name}.output.dense`);
    return this.norm(
      tf.add(
        dropoutIn(this.context, fed, hiddenDropout, textRngStream(index, 'output')),
        crossed.value,
      ),
      `${name}.output.LayerNorm`,
    );
  }

  private selfAttention(
    index: number,
    queries: tf.Tensor | Rematerialized,
    x: tf.Tensor | Rematerialized,
  ): tf.Tensor {
    const name = `${ROOT}.encoder.layer.${index}.attention.self`;
    const { attentionDropout, width } = this.config;
    const attended = attention(
      this.heads(this.linear(queries, `${name}.query`)),
      this.heads(this.linear(x, `${name}.key`)),
      this.heads(this.linear(x, `${name}.value`)),
      {
        mask: this.mask,
        onProbabilities: (p) =>
          dropoutIn(this.context, p, attentionDropout, textRngStream(index, 'self')),
      },
    );
    return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [
      ...valueOf(queries).shape.slice(0, 2),
      width,
    ]);
  }

  /** [n, L, w] → [n, H, L, d] */
  private heads(x: tf.Tensor): tf.Tensor {
    const { heads, width } = this.config;
    const [n, length] = x.shape as [number, number];
    return tf.transpose(tf.reshape(x, [n, length, heads, width / heads]), [0, 2, 1, 3]);
  }

  /** Computes both cross-attentions with their output projections, averaged or merged. [n, Q, w] → [n, Q, w] */
  private twinAttention(index: number, x: Rematerialized): tf.Tensor {
    const name = `${ROOT}.encoder.layer.${index}.crossattention`;
    const { heads, attentionDropout: dropout } = this.config;
    const side = (i: 0 | 1, image: tf.Tensor): tf.Tensor => {
      const stream = textRngStream(index, i === 0 ? 'cross0' : 'cross1');
      const { context } = this;
      const onProbabilities =
        context.onCrossAttention &&
        ((p: tf.Tensor): tf.Tensor => context.onCrossAttention?.(index, i, p) ?? p);
      const options = { heads, dropout, stream, onProbabilities };
      const attended = crossAttention(x, image, `${name}.self${i}`, options, this.context);
      return this.linear(attended, `${name}.output.dense${i}`);
    };
    const left = side(0, this.image0);
    const right = side(1, this.image1);
    return index < FIRST_MERGED_LAYER
      ? tf.mul(tf.add(left, right), 0.5)
      : this.linear(tf.concat([left, right], -1), `${name}.output.merge_layer`);
  }

  private linear(x: tf.Tensor | Rematerialized, name: string): tf.Tensor {
    return linear(x, this.context.param(`${name}.weight`), this.context.param(`${name}.bias`));
  }

  /** LayerNorm, whose result the following linear layers recompute for their gradients. */
  private norm(x: tf.Tensor, name: string): Rematerialized {
    return rematerializedLayerNorm(
      x,
      this.context.param(`${name}.weight`),
      this.context.param(`${name}.bias`),
      this.config.layerNormEps,
    );
  }
}
