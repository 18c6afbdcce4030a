import { closest, distance } from 'fastest-levenshtein';
import { definition, type ConfigKey } from './definition';
import type { FieldKey, KeyDefinition, MappingKey } from './definitions/keyKinds';

/** The definition with widened types, for code that handles all keys in the same way. */
const keys: ReadonlyMap<string, KeyDefinition> = new Map<string, KeyDefinition>(
  Object.entries(definition),
);

/** Every key of the configuration, in the order of the definition. */
export const configKeys = Object.keys(definition) as readonly ConfigKey[];

/** The definition of a key, or of a field of a mapping by its dotted name (`vit.width`); undefined when unknown. */
export function definitionOf(key: string): KeyDefinition | undefined {
  const dot = key.indexOf('.');
  if (dot < 0) return keys.get(key);
  const fields = fieldsOf(keys.get(key.slice(0, dot)));
  const field = key.slice(dot + 1);
  return fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
}

/** The fields of a mapping by name; undefined for every other kind. */
export function fieldsOf(
  key: KeyDefinition | undefined,
): Readonly<Record<string, FieldKey>> | undefined {
  return key?.kind === 'mapping' ? key.fields : undefined;
}

/** What is allowed instead of a mapping: a name or a path. */
export function alternativeOf(key: MappingKey): FieldKey | undefined {
  return key.alternative;
}

/** Names of our keys in other programs. */
const synonyms: Readonly<Record<string, ConfigKey>> = {
  lr: 'init_lr',
  learning_rate: 'init_lr',
  epochs: 'max_epoch',
  num_epochs: 'max_epoch',
  batch_size: 'batch_size_train',
  eval_batch_size: 'batch_size_test',
  wd: 'weight_decay',
  warmup: 'warmup_steps',
  checkpoint: 'pretrained',
  weights: 'pretrained',
  data_root: 'image_root',
  workers: 'num_workers',
  gradient_accumulation_steps: 'accumulate_steps',
  gradient_checkpointing: 'vit_grad_ckpt',
  clip_grad: 'grad_clip',
  max_grad_norm: 'grad_clip',
  amp: 'precision',
  patience: 'early_stop',
};

/** Converts `initLr`, `init-lr` and `INIT_LR` to `init_lr`. */
const snakeCase = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase();

/**
 * Finds the most likely meaning of `name` among `known`: equal except for case and dashes, a synonym of another program,
 * or a small edit distance. Undefined if there is none.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = snakeCase(name);
  if (known.includes(plain)) return plain;
  const synonym = synonyms[plain];
  if (synonym !== undefined && known.includes(synonym)) return synonym;
  if (known.length === 0) return undefined;
  const best = closest(plain, [...known]);
  return distance(plain, best) <= Math.max(plain.length < 4 ? 1 : 2, Math.floor(plain.length / 3))
    ? best
    : undefined;
}
