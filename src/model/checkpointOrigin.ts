/**
 * Metadata of a checkpoint, in its safetensors file: the configuration of the model (heads and epsilons cannot be read from
 * shapes), and the run, epoch and step that saved it.
 */
import { localize, type MessageText } from '../util/localize';
import type { NlvrModelConfig } from './config';

/** Key of the safetensors metadata. The value is JSON. */
const METADATA_KEY = 'nlvr';

/** Keys of the configuration that affect what given weights compute, with their values. */
export type ModelKeyValues = Readonly<Record<string, number>>;

export interface CheckpointOrigin {
  model: ModelKeyValues;
  /** Name of the run; null for weights without a run. */
  run: string | null;
  /** From 0. */
  epoch: number | null;
  /** Optimizer steps done. */
  step: number | null;
}

/** A key whose value differs from that of the checkpoint's training. */
export interface ModelDifference {
  key: string;
  trained: number;
  now: number;
}

/** The model's keys and values, without dropout and stochastic depth, which affect only training. */
export function modelKeyValues({ imageSize, vision, text }: NlvrModelConfig): ModelKeyValues {
  return {
    image_size: imageSize,
    'vit.width': vision.width,
    'vit.depth': vision.depth,
    'vit.heads': vision.heads,
    'vit.patch_size': vision.patchSize,
    'med_config.hidden_size': text.width,
    'med_config.num_hidden_layers': text.layers,
    'med_config.num_attention_heads': text.heads,
    'med_config.intermediate_size': text.intermediateWidth,
    'med_config.vocab_size': text.vocabularySize,
    'med_config.max_position_embeddings': text.maxPositions,
    'med_config.layer_norm_eps': text.layerNormEps,
  };
}

/** Metadata for a file of weights. */
export function originMetadata(origin: CheckpointOrigin): Record<string, string> {
  return { format: 'pt', [METADATA_KEY]: JSON.stringify(origin) };
}

/** Parses the metadata of a file; null if it is missing or not valid, as in files of other programs. */
export function readOrigin(metadata: ReadonlyMap<string, string>): CheckpointOrigin | null {
  let content: unknown;
  try {
    content = JSON.parse(metadata.get(METADATA_KEY) ?? 'null');
  } catch {
    return null;
  }
  if (typeof content !== 'object' || content === null) return null;
  const { model, run, epoch, step } = content as Partial<Record<keyof CheckpointOrigin, unknown>>;
  const numbers = Object.entries(typeof model === 'object' && model !== null ? model : {}).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  return {
    model: Object.fromEntries(numbers),
    run: typeof run === 'string' ? run : null,
    epoch: typeof epoch === 'number' ? epoch : null,
    step: typeof step === 'number' ? step : null,
  };
}

/** Lists the keys whose values differ between a model and the one that the weights were trained in. */
export function modelDifferences(
  origin: Pick<CheckpointOrigin, 'model'> | null,
  config: NlvrModelConfig,
): ModelDifference[] {
  const trained = origin?.model ?? {};
  return Object.entries(modelKeyValues(config)).flatMap(([key, now]) => {
    const before = Object.hasOwn(trained, key) ? trained[key] : undefined;
    return before === undefined || before === now ? [] : [{ key, trained: before, now }];
  });
}

/** Describes each difference, such as "vit.heads 4 (now 8)". */
export function describeDifferences(differences: readonly ModelDifference[]): MessageText[] {
  return differences.map(({ key, trained, now }) =>
    localize('{0} {1} (now {2})', key, trained, now),
  );
}
