/** Detects configurations of related projects (ALBEF, X-VLM, LAVIS, UNITER) and converts keys that have a counterpart. */
import { Document } from 'yaml';
import { localize, type MessageText } from '../util/localize';
import { readDocument } from './document';
import { configKeys } from './keys';
import { parseConfig } from './parse';

export type Origin = 'ALBEF or X-VLM' | 'LAVIS' | 'UNITER';

export interface ForeignConfig {
  origin: Origin;
  /** An `nlvr.yaml` with the converted keys; the others are comments. */
  text: string;
  /** Keys without a counterpart (dotted), with their values. */
  unconverted: { key: string; value: unknown }[];
}

/** The key for the value of a dotted key; a function may reject a value. */
type Target = string | ((value: unknown) => readonly [key: string, value: unknown] | undefined);

const cosine: Target = (value) =>
  // Cosine decay is the only schedule, so the key needs no counterpart.
  value === 'cosine' || value === 'linear_warmup_cosine_lr' ? ['', value] : undefined;
const adamW: Target = (value) => (/^adamw$/i.test(String(value)) ? ['', value] : undefined);
const wholeSteps: Target = (value) =>
  Number.isInteger(value) ? ['warmup_steps', value] : undefined;
/** One file, or a list of one. */
const oneFile =
  (key: string): Target =>
  (value) => {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.length === 1 && typeof list[0] === 'string' ? [key, list[0]] : undefined;
  };

const flat: Readonly<Record<string, Target>> = {
  image_root: 'image_root',
  train_file: oneFile('ann_files.train'),
  val_file: oneFile('ann_files.val'),
  test_file: oneFile('ann_files.test'),
  image_res: 'image_size',
  batch_size: 'batch_size_train',
  batch_size_train: 'batch_size_train',
  batch_size_test: 'batch_size_test',
  max_words: 'max_words',
  'optimizer.opt': adamW,
  'optimizer.lr': 'init_lr',
  'optimizer.weight_decay': 'weight_decay',
  'schedular.sched': cosine,
  'schedular.lr': 'init_lr',
  'schedular.epochs': 'max_epoch',
  'schedular.min_lr': 'min_lr',
  'schedular.warmup_lr': 'warmup_lr',
  'schedular.num_warmup_steps': wholeSteps,
};

const lavis: Readonly<Record<string, Target>> = {
  'model.arch': (value) => (value === 'blip_nlvr' ? ['', value] : undefined),
  'model.image_size': 'image_size',
  'model.pretrained': 'pretrained',
  'model.vit_type': 'vit',
  'model.vit_grad_ckpt': 'vit_grad_ckpt',
  'model.vit_ckpt_layer': 'vit_ckpt_layer',
  'datasets.nlvr.build_info.annotations.train.storage': oneFile('ann_files.train'),
  'datasets.nlvr.build_info.annotations.val.storage': oneFile('ann_files.val'),
  'datasets.nlvr.build_info.annotations.test.storage': oneFile('ann_files.test'),
  'datasets.nlvr.build_info.images.storage': 'image_root',
  'datasets.nlvr.vis_processor.train.image_size': 'image_size',
  'datasets.nlvr.vis_processor.eval.image_size': 'image_size',
  'run.lr_sched': cosine,
  'run.init_lr': 'init_lr',
  'run.min_lr': 'min_lr',
  'run.warmup_lr': 'warmup_lr',
  'run.warmup_steps': 'warmup_steps',
  'run.weight_decay': 'weight_decay',
  'run.max_epoch': 'max_epoch',
  'run.batch_size_train': 'batch_size_train',
  'run.batch_size_eval': 'batch_size_test',
  'run.num_workers': 'num_workers',
  'run.seed': 'seed',
  'run.output_dir': 'output_dir',
};

/** UNITER's data are databases of features, its batches are counted in tokens, and its checkpoint is for another model. */
const uniter: Readonly<Record<string, Target>> = {
  output_dir: 'output_dir',
  gradient_accumulation_steps: 'accumulate_steps',
  learning_rate: 'init_lr',
  optim: adamW,
  weight_decay: 'weight_decay',
  grad_norm: 'grad_clip',
  warmup_steps: 'warmup_steps',
  seed: 'seed',
  n_workers: 'num_workers',
};

const targetsOf: Readonly<Record<Origin, Readonly<Record<string, Target>>>> = {
  'ALBEF or X-VLM': flat,
  LAVIS: lavis,
  UNITER: uniter,
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Detects the project of a configuration; undefined for ours, BLIP's and other files. */
export function detectOrigin(root: unknown): Origin | undefined {
  if (!isRecord(root)) return undefined;
  if (isRecord(root.model) && isRecord(root.run)) return 'LAVIS';
  if (Object.keys(root).some((key) => /^(train|val|test)_(txt|img)_dbs?$/.test(key)))
    return 'UNITER';
  const markers = ['train_file', 'image_res', 'optimizer', 'schedular'];
  return markers.filter((key) => key in root).length >= 2 ? 'ALBEF or X-VLM' : undefined;
}

/** Converts a configuration of a related project; undefined for other files. */
export function convertForeign(text: string): ForeignConfig | undefined {
  const { value: root } = readDocument(text);
  const origin = detectOrigin(root);
  if (!isRecord(root) || origin === undefined) return undefined;
  const targets = targetsOf[origin];
  const config: Record<string, unknown> = {};
  const left: ForeignConfig['unconverted'] = [];
  for (const [key, value] of leaves(root, targets)) {
    const target = targets[key] as Target | undefined;
    const placed =
      target === undefined
        ? undefined
        : typeof target === 'string'
          ? ([target, value] as const)
          : target(value);
    if (placed === undefined || !fits(placed[0], placed[1])) left.push({ key, value });
    else if (placed[0] !== '') set(config, placed[0], placed[1]);
  }
  // Their annotation paths are relative to the working folder, which corresponds to the configuration's folder.
  if (config.ann_files !== undefined) config.ann_root = '.';
  return { origin, text: textOf(origin, config, left), unconverted: left };
}

/** Iterates over values by dotted key: those with a target one by one, mappings without targets as a whole. */
function* leaves(
  value: Record<string, unknown>,
  targets: Readonly<Record<string, Target>>,
  path = '',
): Generator<[string, unknown]> {
  for (const [name, each] of Object.entries(value)) {
    const key = path === '' ? name : `${path}.${name}`;
    const hasNestedTargets = Object.keys(targets).some((target) => target.startsWith(`${key}.`));
    if (isRecord(each) && hasNestedTargets) yield* leaves(each, targets, key);
    else yield [key, each];
  }
}

/** Whether our configuration accepts the value. */
function fits(key: string, value: unknown): boolean {
  if (key === '') return true;
  const config: Record<string, unknown> = {};
  set(config, key, value);
  return parseConfig(new Document(config).toString()).problems.every(
    ({ severity, code }) => severity !== 'error' || code === 'conflict',
  );
}

function set(config: Record<string, unknown>, key: string, value: unknown): void {
  const [name, field] = key.split('.');
  if (field === undefined) config[name] = value;
  else config[name] = { ...(isRecord(config[name]) ? config[name] : {}), [field]: value };
}

function textOf(
  origin: Origin,
  config: Record<string, unknown>,
  left: ForeignConfig['unconverted'],
): string {
  const ordered = configKeys.flatMap((key) => (key in config ? [[key, config[key]]] : []));
  const comments = left.map(({ key, value }) => `#   ${key}: ${JSON.stringify(value)}`);
  return [
    '# nlvr',
    `# Converted from a configuration of ${origin}.`,
    ...(comments.length > 0 ? ['# Without a counterpart, omitted:', ...comments] : []),
    new Document(Object.fromEntries(ordered)).toString({ lineWidth: 0 }).trimEnd(),
    '',
  ].join('\n');
}

/** Message about a configuration of a related project. */
export const foreignConfigMessage = (origin: Origin): MessageText =>
  localize('This is a configuration of {0}. Convert it with `nlvr config convert`.', origin);
