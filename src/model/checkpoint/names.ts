/**
 * Converts names of tensors to BLIP's: removes prefixes of wrappers (DataParallel, torch.compile, Lightning) and translates
 * the names of BLIP in Hugging Face's transformers.
 */
import { localize, type MessageText } from '../../util/localize';
import type { CheckpointFile, StoredTensor } from './checkpointFile';
import { CheckpointFormatError } from './formatError';

const blipRoot = /^(?:visual_encoder|text_encoder|cls_head)\./;
/** Roots in transformers; CLIP has them too, but with separate queries, keys and values. */
const transformersRoot = /^(?:vision_model|text_model)\./;
const wrapperPrefix =
  /^(?:(?:module|_orig_mod|model|ddp|net|network|_forward_module|_fsdp_wrapped_module|blip)\.)+/;
/** Names of wrappers around a module of the model: `visual_encoder._orig_mod.blocks.0…`. */
const wrapperWithin = /\.(?:_orig_mod|_checkpoint_wrapped_module|_fsdp_wrapped_module)(?=\.)/g;

interface PrefixedName {
  prefix: string;
  rest: string;
}

function splitPrefix(key: string): PrefixedName {
  const prefix = wrapperPrefix.exec(key)?.[0] ?? '';
  return { prefix, rest: key.slice(prefix.length).replaceAll(wrapperWithin, '') };
}

const isKnown = (rest: string): boolean => blipRoot.test(rest) || transformersRoot.test(rest);

/** Number of names of BLIP's model, with or without a wrapper's prefix. */
export function countBlipNames(keys: Iterable<string>): number {
  let count = 0;
  for (const key of keys) if (isKnown(splitPrefix(key).rest)) count++;
  return count;
}

/**
 * Renames the tensors of a file to BLIP's names, by removing a prefix or translating names of transformers, and adds notes
 * about it. Files without BLIP's names are returned unchanged.
 * @throws {CheckpointFormatError} when only some names have a prefix, or two names become equal.
 */
export function withBlipNames(file: CheckpointFile): CheckpointFile {
  const notes: MessageText[] = [...file.notes];
  const keys = [...file.tensors.keys()];
  const prefix = commonPrefix(keys);
  if (prefix === undefined) return file;
  const isTransformers = keys.some((key) =>
    /^vision_model\.encoder\.layers\.0\.self_attn\.qkv\.weight$/.test(splitPrefix(key).rest),
  );
  const sources = new Map<string, string>();
  let unwrapped = 0;
  let translated = 0;
  for (const key of keys) {
    const bare = (key.startsWith(prefix) ? key.slice(prefix.length) : key).replaceAll(
      wrapperWithin,
      '',
    );
    if (bare !== key) unwrapped++;
    const name = isTransformers ? fromTransformers(bare) : bare;
    if (name !== bare) translated++;
    const other = sources.get(name);
    if (other !== undefined)
      throw new CheckpointFormatError(
        localize('{0} and {1} are the same tensor {2} once prefixes are removed', other, key, name),
        localize('Remove one of them in Python and save the file again.'),
      );
    sources.set(name, key);
  }
  if (unwrapped === 0 && translated === 0) return file;
  if (unwrapped > 0)
    notes.push(
      prefix === ''
        ? localize('Prefixes that a wrapper had added were removed from {0} names.', unwrapped)
        : localize('The prefix {0} was removed from {1} names.', `"${prefix}"`, unwrapped),
    );
  if (translated > 0)
    notes.push(localize("{0} names of transformers' BLIP were translated to BLIP's.", translated));
  const tensors = new Map<string, StoredTensor>();
  for (const [name, key] of sources) {
    const stored = file.tensors.get(key);
    if (stored) tensors.set(name, stored);
  }
  return {
    path: file.path,
    format: file.format,
    tensors,
    metadata: file.metadata,
    notes,
    read: (name) => file.read(sources.get(name) ?? name),
    close: () => file.close(),
  };
}

/** The common prefix of all names of BLIP; undefined if there are no such names. */
function commonPrefix(keys: readonly string[]): string | undefined {
  const examples = new Map<string, { example: string; count: number }>();
  for (const key of keys) {
    const { prefix, rest } = splitPrefix(key);
    if (!isKnown(rest)) continue;
    const seen = examples.get(prefix);
    if (seen) seen.count++;
    else examples.set(prefix, { example: key, count: 1 });
  }
  if (examples.size === 0) return customPrefix(keys);
  if (examples.size === 1) return [...examples.keys()][0];
  throw new CheckpointFormatError(
    localize(
      'only some of its names have a prefix: {0}',
      [...examples.values()].map(({ example, count }) =>
        localize('{0} such as {1}', count, example),
      ),
    ),
    localize(
      'It seems to combine two models. Save the weights of one of them in Python: {0}.',
      'torch.save({"model": model.state_dict()}, file)',
    ),
  );
}

/** The prefix of a user's module, common to all names of BLIP; undefined if there is none, or several. */
function customPrefix(keys: readonly string[]): string | undefined {
  const found = new Set<string>();
  for (const key of keys) {
    const prefix = /^((?:[\w-]+\.)+?)(?:visual_encoder|text_encoder|cls_head)\./.exec(key)?.[1];
    if (prefix !== undefined) found.add(prefix);
  }
  return found.size === 1 ? [...found][0] : undefined;
}

/**
 * Translates a name, the reverse of transformers' `convert_blip_original_pytorch_to_hf.py`.
 * Names that the script does not change (`text_encoder…`, `itm_head…`) stay the same.
 */
function fromTransformers(name: string): string {
  if (name.startsWith('text_model.')) return name.replace('text_model.', 'text_encoder.');
  if (!name.startsWith('vision_model.')) return name;
  return name
    .replace('vision_model.embeddings.class_embedding', 'visual_encoder.cls_token')
    .replace('vision_model.embeddings.position_embedding', 'visual_encoder.pos_embed')
    .replace('vision_model.embeddings.patch_embedding', 'visual_encoder.patch_embed.proj')
    .replace('vision_model.post_layernorm', 'visual_encoder.norm')
    .replace('vision_model.encoder.layers.', 'visual_encoder.blocks.')
    .replace('.self_attn.projection.', '.attn.proj.')
    .replace('.self_attn.', '.attn.')
    .replace('.layer_norm', '.norm');
}
