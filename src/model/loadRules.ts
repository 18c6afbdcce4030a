/**
 * Matches the tensors of a checkpoint with the parameters of the model, by BLIP's rules (models/blip_nlvr.py,
 * `load_checkpoint`), and reports differences, which BLIP ignores.
 */
import { localize, type MessageValue, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';
import type { CheckpointFile, StoredTensor } from './checkpoint/checkpointFile';
import {
  architectureDifferences,
  architectureOf,
  keysFor,
  type Architecture,
} from './architecture';
import { isReadable } from './checkpoint/elementTypes';
import { asUserError, unreadableType } from './checkpoint/formatError';
import {
  describeDifferences,
  modelDifferences,
  readOrigin,
  type CheckpointOrigin,
  type ModelDifference,
} from './checkpointOrigin';
import type { NlvrModelConfig } from './config';
import { POSITION_IDS, parameterShapes } from './parameters';

export interface LoadReport {
  /** The file that the weights were read from. */
  file: string;
  /** Parameters with values from the checkpoint. */
  loaded: string[];
  /** Parameters that the checkpoint lacks; they keep their initial values. */
  missing: string[];
  /** Keys that are not in the model, as BLIP lists them: including copied cross-attentions under both names. */
  unexpected: string[];
  /** Keys of the checkpoint that were not used, counted by their first part. */
  unused: { prefix: string; count: number }[];
  /** Single cross-attentions that were copied to those of both images. */
  copied: { from: string; to: [string, string] }[];
  /** How the tensors of the file were found (`CheckpointFile.notes`). */
  notes: MessageText[];
  /** Position embeddings that were resized to this image size. */
  resized: { name: string; from: number[]; to: number[] }[];
  /** Metadata of the file; null if it has none. */
  origin: CheckpointOrigin | null;
  /** Keys whose values differ from those of the checkpoint's training. */
  differences: ModelDifference[];
}

/** A report, and the source of each loaded parameter. */
export interface LoadPlan {
  report: LoadReport;
  /** Parameter → key of the checkpoint. */
  sources: ReadonlyMap<string, string>;
}

const POSITION_EMBEDDING = 'visual_encoder.pos_embed';

/** A checkpoint with a smaller share of the model's values is refused as the wrong one. */
const MIN_LOADED_SHARE = 0.5;

/** The two keys that a pretraining checkpoint's single cross-attention is copied to. */
function twinKeys(key: string): [string, string] | undefined {
  for (const [part, word] of [
    ['crossattention.self.', 'self'],
    ['crossattention.output.dense.', 'dense'],
  ] as const)
    if (key.includes(part))
      return [key.replaceAll(word, `${word}0`), key.replaceAll(word, `${word}1`)];
  return undefined;
}

/**
 * Applies BLIP's rules to a checkpoint's names and shapes, without reading values.
 * @throws {UserError} when a shape does not fit, naming key, shapes and the configuration key, and when most parameters of
 * the model are missing.
 */
export function planLoad(
  checkpoint: Pick<CheckpointFile, 'path' | 'tensors' | 'metadata'> &
    Partial<Pick<CheckpointFile, 'notes'>>,
  config: NlvrModelConfig,
): LoadPlan {
  const { path, tensors, metadata } = checkpoint;
  const origin = readOrigin(metadata);
  const shapes = parameterShapes(config);
  const { available, copied } = matchNames(tensors.keys(), shapes);
  const architecture = architectureOf(tensors);
  const architectural = architectureDifferences(architecture, config);
  const sources = new Map<string, string>();
  const resized: LoadReport['resized'] = [];
  const missing: string[] = [];
  for (const [name, shape] of shapes) {
    const key = available.get(name);
    const stored = key === undefined ? undefined : tensors.get(key);
    if (key === undefined || !stored) {
      missing.push(name);
      continue;
    }
    if (!isReadable(stored.type)) throw asUserError(unreadableType(key, stored.type), path);
    sources.set(name, key);
    if (stored.shape.join() === shape.join()) continue;
    if (name !== POSITION_EMBEDDING || !canResize(stored.shape, shape))
      throw architectural.length > 0
        ? architectureMismatch(path, architecture, architectural)
        : shapeMismatch(path, key, name, stored, shape);
    resized.push({ name, from: [...stored.shape], to: shape });
  }
  requireMostParameters(path, shapes, sources, [...tensors.keys()]);
  const used = new Set([...sources.values(), POSITION_IDS]);
  return {
    sources,
    report: {
      file: path,
      loaded: [...sources.keys()],
      missing,
      unexpected: [...available.keys()].filter((key) => !shapes.has(key) && key !== POSITION_IDS),
      unused: countByPrefix([...tensors.keys()].filter((key) => !used.has(key))),
      copied,
      notes: [
        ...(checkpoint.notes ?? []),
        // The shapes fit, but the number of blocks or layers differs.
        ...architectural.map((difference) => localize('Note that {0}.', difference)),
      ],
      resized,
      origin,
      differences: modelDifferences(origin, config),
    },
  };
}

/**
 * Maps parameter names to keys of a checkpoint: each key to itself, and keys of single cross-attentions to those of both
 * images.
 * @returns parameter → key of the checkpoint, and which were copied.
 */
export function matchNames(
  keys: Iterable<string>,
  shapes: ReadonlyMap<string, unknown>,
): { available: Map<string, string>; copied: LoadReport['copied'] } {
  const own = [...keys];
  const available = new Map<string, string>(own.map((key) => [key, key]));
  const copied: LoadReport['copied'] = [];
  for (const key of own) {
    const to = twinKeys(key);
    if (!to) continue;
    for (const twin of to) available.set(twin, key);
    if (shapes.has(to[0]) && shapes.has(to[1])) copied.push({ from: key, to });
  }
  return { available, copied };
}

/** Whether a checkpoint before fine-tuning for NLVR normally lacks a parameter: the head, and the merge layers. */
export function isExpectedMissing(name: string, isNlvr: boolean): boolean {
  return !isNlvr && /^cls_head\.|\.merge_layer\./.test(name);
}

/** The error for a checkpoint of another architecture, with all differences. */
function architectureMismatch(
  path: string,
  architecture: Architecture,
  differences: readonly MessageText[],
): UserError {
  const keys = Object.keys(keysFor(architecture)).map((key) => `\`${key}\``);
  return new UserError(localize('{0} does not fit the model: {1}.', path, differences), {
    hint: localize(
      'Set {0} to what `nlvr inspect` prints for it, or in the editor use the quick fix "Use This Checkpoint\'s Architecture" on `pretrained`; or choose another checkpoint.',
      keys,
    ),
  });
}

function canResize(from: readonly number[], to: readonly number[]): boolean {
  const [batch, tokens = 0, width] = from;
  return (
    from.length === 3 &&
    batch === 1 &&
    width === to[2] &&
    tokens > 1 &&
    Number.isInteger(Math.sqrt(tokens - 1))
  );
}

const configKeys: readonly [RegExp, MessageText][] = [
  [/^visual_encoder\.patch_embed\.proj\.weight$/, localize('`vit` (its width and patch_size)')],
  [/^visual_encoder\./, '`vit`'],
  [/word_embeddings/, localize('`med_config` (vocab_size and hidden_size)')],
  [/position_embeddings/, localize('`med_config` (max_position_embeddings and hidden_size)')],
  [
    /crossattention\.self\d?\.(key|value)/,
    localize('`vit` (its width) and `med_config` (hidden_size)'),
  ],
  [
    /layer\.\d+\.(intermediate\.dense|output\.dense\.weight)/,
    localize('`med_config` (intermediate_size and hidden_size)'),
  ],
  [/./, localize('`med_config` (hidden_size)')],
];

function shapeMismatch(
  path: string,
  key: string,
  name: string,
  stored: StoredTensor,
  shape: readonly number[],
): UserError {
  const configKey = configKeys.find(([pattern]) => pattern.test(name))?.[1] ?? '`vit`';
  return new UserError(
    key === name
      ? localize(
          '{0} does not fit the model: {1} has shape [{2}], the model has [{3}].',
          path,
          key,
          stored.shape.join(', '),
          shape.join(', '),
        )
      : localize(
          "{0} does not fit the model: {1} has shape [{2}], the model's {3} has [{4}].",
          path,
          key,
          stored.shape.join(', '),
          name,
          shape.join(', '),
        ),
    {
      hint: localize(
        'Set {0} to the values that the checkpoint was trained with, or choose another checkpoint.',
        configKey,
      ),
    },
  );
}

function requireMostParameters(
  path: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  sources: ReadonlyMap<string, string>,
  keys: readonly string[],
): void {
  let total = 0;
  let loaded = 0;
  for (const [name, shape] of shapes) {
    const count = shape.reduce((a, b) => a * b, 1);
    total += count;
    if (sources.has(name)) loaded += count;
  }
  if (loaded >= MIN_LOADED_SHARE * total) return;
  const example = [...shapes.keys()].find((name) => !sources.has(name)) ?? '';
  throw new UserError(
    localize(
      '{0} covers only part of the model: {1} of {2} parameters ({3}% of the values). The model needs names such as {4}; the file has names such as {5}.',
      path,
      sources.size,
      shapes.size,
      Math.floor((100 * loaded) / total),
      example,
      keys.slice(0, 3),
    ),
    {
      hint: localize(
        'Choose a checkpoint of BLIP or of this program; leave `pretrained` empty to start from random weights.',
      ),
    },
  );
}

function countByPrefix(keys: readonly string[]): { prefix: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const prefix = key.split('.', 1)[0] ?? key;
    counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  return [...counts].map(([prefix, count]) => ({ prefix, count }));
}

/** Describes a report in several sentences, for the log and the terminal. */
export function describeReport(report: LoadReport): [MessageText, ...MessageText[]] {
  const { loaded, missing, unused, copied, resized, differences } = report;
  const lines: [MessageText, ...MessageText[]] = [
    localize(
      '{0} of {1} parameters loaded from {2}.',
      loaded.length,
      loaded.length + missing.length,
      report.file,
    ),
  ];
  lines.push(...report.notes);
  if (copied.length > 0)
    lines.push(
      localize(
        '{0} tensors of the single cross-attention were copied to those of both images.',
        copied.length,
      ),
    );
  for (const { name, from, to } of resized)
    lines.push(
      localize(
        '{0} was resized from {1} to {2} patches.',
        name,
        (from[1] ?? 0) - 1,
        (to[1] ?? 0) - 1,
      ),
    );
  if (differences.length > 0) lines.push(describeOtherModel(differences));
  // Single cross-attentions were copied: it was not fine-tuned for NLVR.
  const isExpected = (name: string): boolean => isExpectedMissing(name, copied.length === 0);
  const expected = missing.filter(isExpected);
  const others = missing.filter((name) => !isExpected(name));
  if (expected.length > 0)
    lines.push(
      localize(
        'Not in the checkpoint, as expected before fine-tuning for NLVR, and randomly initialized: {0}.',
        abbreviated(expected),
      ),
    );
  if (others.length > 0)
    lines.push(
      localize('Not in the checkpoint, and randomly initialized: {0}.', abbreviated(others)),
    );
  if (unused.length > 0)
    lines.push(
      localize(
        'In the checkpoint, but not in this model: {0}.',
        abbreviated(
          unused.map(({ prefix, count }) => (count > 1 ? `${prefix}.* (${count})` : prefix)),
          20,
        ),
      ),
    );
  return lines;
}

/**
 * Whether weights are unusual for the start of a training: parameters are unexpectedly missing, or the model's keys differ.
 * A different image size is normal, because BLIP fine-tunes with larger images.
 */
export function isUnusualStart(report: LoadReport): boolean {
  return (
    unexpectedlyMissing(report).length > 0 ||
    report.differences.some(({ key }) => key !== 'image_size')
  );
}

/** Parameters that weights of this kind should have but lack. */
export function unexpectedlyMissing({ missing, copied }: LoadReport): string[] {
  // Single cross-attentions were copied: it was not fine-tuned for NLVR.
  return missing.filter((name) => !isExpectedMissing(name, copied.length === 0));
}

/** The message about weights that were trained with another configuration of the model. */
export function describeOtherModel(differences: readonly ModelDifference[]): MessageText {
  return localize(
    'The weights were trained with other values: {0}.',
    describeDifferences(differences),
  );
}

function abbreviated(names: readonly string[], max = 8): MessageValue {
  const more = names.length - max;
  const first = names.slice(0, max);
  return more > 0 ? localize('{0} and {1} more', first, more) : first;
}
