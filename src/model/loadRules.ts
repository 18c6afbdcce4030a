/**
 * Which tensor of a checkpoint goes where: BLIP's rules (models/blip_nlvr.py, `load_checkpoint`), as a
 * report instead of passed over in silence.
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
import { describe, unreadableType } from './checkpoint/formatError';
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
  /** Parameters that got values. */
  loaded: string[];
  /** Parameters that the checkpoint lacks; they keep their initial values. */
  missing: string[];
  /** Keys that the model has no place for, as BLIP lists them: with the twin copies, before and after. */
  unexpected: string[];
  /** The checkpoint's own keys that nothing was taken from, counted by their first part. */
  unused: { prefix: string; count: number }[];
  /** Single cross-attentions that were copied to both images' own. */
  copied: { from: string; to: [string, string] }[];
  /** What was done to find the tensors of the file (`CheckpointFile.notes`). */
  notes: MessageText[];
  /** Position embeddings that were resized to this image size. */
  resized: { name: string; from: number[]; to: number[] }[];
  /** What the file says of itself; null where it says nothing. */
  origin: CheckpointOrigin | null;
  /** Keys whose value is not the one that the weights were trained with. */
  differences: ModelDifference[];
}

/** A report, and where each loaded parameter comes from. */
export interface LoadPlan {
  report: LoadReport;
  /** Parameter → key of the checkpoint. */
  sources: ReadonlyMap<string, string>;
}

const POSITION_EMBEDDING = 'visual_encoder.pos_embed';

/** A checkpoint that fills less of the model than this is taken for the wrong one. */
const LEAST_LOADED = 0.5;

/** The two keys that a pretraining checkpoint's single cross-attention is copied to. */
function twins(key: string): [string, string] | undefined {
  for (const [part, word] of [
    ['crossattention.self.', 'self'],
    ['crossattention.output.dense.', 'dense'],
  ] as const)
    if (key.includes(part))
      return [key.replaceAll(word, `${word}0`), key.replaceAll(word, `${word}1`)];
  return undefined;
}

/**
 * Applies BLIP's rules to a checkpoint's table of contents; reads no values.
 * @throws {UserError} when a shape does not fit, naming key, shapes and the configuration key to look at, and
 * when most of the model would be left as it was.
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
    if (!isReadable(stored.type)) throw describe(unreadableType(key, stored.type), path);
    sources.set(name, key);
    if (stored.shape.join() === shape.join()) continue;
    if (name !== POSITION_EMBEDDING || !canResize(stored.shape, shape))
      throw architectural.length > 0
        ? otherArchitecture(path, architecture, architectural)
        : mismatch(path, key, name, stored, shape);
    resized.push({ name, from: [...stored.shape], to: shape });
  }
  refuseMostlyMissing(path, shapes, sources, [...tensors.keys()]);
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
        // Of the same widths, so that what both have fits.
        ...architectural.map((difference) => localize('Note that {0}.', difference)),
      ],
      resized,
      origin,
      differences: modelDifferences(origin, config),
    },
  };
}

/**
 * The names under which the tensors of a checkpoint are available: their own, and for single cross-attentions those of
 * both images.
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
    const to = twins(key);
    if (!to) continue;
    for (const twin of to) available.set(twin, key);
    if (shapes.has(to[0]) && shapes.has(to[1])) copied.push({ from: key, to });
  }
  return { available, copied };
}

/** Whether a checkpoint that was not fine-tuned for NLVR has no such parameter: the head, and what merges both images. */
export function isExpectedToMiss(name: string, isNlvr: boolean): boolean {
  return !isNlvr && /^cls_head\.|\.merge_layer\./.test(name);
}

/** One sentence with what differs, and the lines that would fit. */
function otherArchitecture(
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

function mismatch(
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

function refuseMostlyMissing(
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
  if (loaded >= LEAST_LOADED * total) return;
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

/** A report in a few sentences, for the log and the terminal. */
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
  if (differences.length > 0) lines.push(otherModel(differences));
  // Single cross-attentions were copied: it was not fine-tuned for NLVR.
  const isExpected = (name: string): boolean => isExpectedToMiss(name, copied.length === 0);
  const expected = missing.filter(isExpected);
  const others = missing.filter((name) => !isExpected(name));
  if (expected.length > 0)
    lines.push(
      localize(
        'Not in the checkpoint, as expected before fine-tuning for NLVR, and randomly initialized: {0}.',
        listed(expected),
      ),
    );
  if (others.length > 0)
    lines.push(localize('Not in the checkpoint, and randomly initialized: {0}.', listed(others)));
  if (unused.length > 0)
    lines.push(
      localize(
        'In the checkpoint, but not in this model: {0}.',
        listed(
          unused.map(({ prefix, count }) => (count > 1 ? `${prefix}.* (${count})` : prefix)),
          20,
        ),
      ),
    );
  return lines;
}

/**
 * Whether a report is out of the ordinary for weights that a training starts from: parts are missing that pretrained
 * weights have, or the model is another one. A larger image size is BLIP's own way.
 */
export function isUnusualStart(report: LoadReport): boolean {
  return (
    missingUnexpectedly(report).length > 0 ||
    report.differences.some(({ key }) => key !== 'image_size')
  );
}

/** Parameters that weights of this kind should have, and these do not. */
export function missingUnexpectedly({ missing, copied }: LoadReport): string[] {
  // Single cross-attentions were copied: it was not fine-tuned for NLVR.
  return missing.filter((name) => !isExpectedToMiss(name, copied.length === 0));
}

/** What is said of weights that were trained in another model than they are used in. */
export function otherModel(differences: readonly ModelDifference[]): MessageText {
  return localize(
    'The weights were trained with other values: {0}.',
    describeDifferences(differences),
  );
}

function listed(names: readonly string[], most = 8): MessageValue {
  const more = names.length - most;
  const first = names.slice(0, most);
  return more > 0 ? localize('{0} and {1} more', first, more) : first;
}
