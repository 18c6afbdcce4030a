/**
 * The one definition of `nlvr.yaml`: every key with its kind, default, range, meaning and BLIP's value.
 * Types, validation, the JSON schema, docs/configuration.md, hovers and the form are derived from it.
 */

/**
 * Groups of the form and of the documentation, in their order. Within a group the keys of BLIP's own `nlvr.yaml` and
 * command line come first. `Advanced` has what exists for models from random weights, the sample and the interface.
 */
export const groups = ['Data', 'Model', 'Optimization', 'Hardware', 'Run', 'Advanced'] as const;
export type Group = (typeof groups)[number];

interface Common {
  readonly group: Group;
  /** One or two sentences, plain text; hover, form help and docs/configuration.md show it. */
  readonly doc: string;
  /** BLIP's own value where the default differs, or where BLIP fixes it in code. */
  readonly blip?: string;
}

export interface IntegerKey extends Common {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
export interface NumberKey extends Common {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
export interface BooleanKey extends Common {
  readonly kind: 'boolean';
  readonly default: boolean;
}
export interface EnumKey<V extends string = string> extends Common {
  readonly kind: 'enum';
  readonly default: V;
  readonly values: readonly V[];
}
/** A path, relative to the configuration file's folder; `url` allows https addresses too. */
export interface PathKey extends Common {
  readonly kind: 'path';
  readonly default: string;
  readonly target: 'file' | 'folder';
  readonly url?: boolean;
  /** The empty string means "none". */
  readonly optional?: boolean;
}
/** A mapping with fields of its own; `alternative` is what is allowed in its place (a name, a path). */
export interface MappingKey<
  F extends Record<string, FieldKey> = Record<string, FieldKey>,
  A extends EnumKey | PathKey | undefined = EnumKey | PathKey | undefined,
  D = unknown,
> extends Common {
  readonly kind: 'mapping';
  readonly fields: F;
  readonly alternative?: A;
  readonly default: D;
  /** Further fields that are accepted and not used; with a string, only that value is. */
  readonly ignored?: Readonly<Record<string, string | null>>;
}
export type FieldKey = IntegerKey | NumberKey | BooleanKey | EnumKey | PathKey;
export type KeyDefinition = FieldKey | MappingKey;

type FieldValue<K> =
  K extends EnumKey<infer V>
    ? V
    : K extends IntegerKey | NumberKey
      ? number
      : K extends BooleanKey
        ? boolean
        : K extends PathKey
          ? string
          : never;
type Fields<F extends Record<string, FieldKey>> = { -readonly [N in keyof F]: FieldValue<F[N]> };
type KeyValue<K> =
  K extends MappingKey<infer F, infer A>
    ? Fields<F> | (A extends EnumKey | PathKey ? FieldValue<A> : never)
    : FieldValue<K>;

const integer = (
  group: Group,
  value: number,
  min: number,
  max: number,
  doc: string,
  blip?: string,
): IntegerKey => ({
  kind: 'integer',
  group,
  default: value,
  min,
  max,
  doc,
  ...(blip && { blip }),
});
const number = (
  group: Group,
  value: number,
  min: number,
  max: number,
  doc: string,
  blip?: string,
): NumberKey => ({
  kind: 'number',
  group,
  default: value,
  min,
  max,
  doc,
  ...(blip && { blip }),
});
const boolean = (group: Group, value: boolean, doc: string, blip?: string): BooleanKey => ({
  kind: 'boolean',
  group,
  default: value,
  doc,
  ...(blip && { blip }),
});
const oneOf = <const V extends readonly string[]>(
  group: Group,
  value: V[number],
  values: V,
  doc: string,
  blip?: string,
): EnumKey<V[number]> => ({
  kind: 'enum',
  group,
  default: value,
  values,
  doc,
  ...(blip && { blip }),
});
const path = (
  group: Group,
  value: string,
  target: 'file' | 'folder',
  doc: string,
  options: { url?: boolean; optional?: boolean; blip?: string } = {},
): PathKey => ({ kind: 'path', group, default: value, target, doc, ...options });
const mapping = <F extends Record<string, FieldKey>, A extends EnumKey | PathKey | undefined, D>(
  group: Group,
  value: D,
  fields: F,
  doc: string,
  alternative: A,
  blip?: string,
  ignored?: Readonly<Record<string, string | null>>,
): MappingKey<F, A, D> => ({
  kind: 'mapping',
  group,
  default: value,
  fields,
  doc,
  alternative,
  ...(blip && { blip }),
  ...(ignored && { ignored }),
});

const big = 2 ** 31 - 1;

export type VitName = 'base' | 'large' | 'tiny' | 'small';

/** Measures of a vision transformer. */
export interface VitSize {
  width: number;
  depth: number;
  heads: number;
  /** Pixels. */
  patch_size: number;
}

/** Measures of the text encoder: the part of a BERT configuration that BLIP's code reads. */
export type MedConfig = {
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
  encoder_width: number;
  vocab_size: number;
  max_position_embeddings: number;
  layer_norm_eps: number;
  hidden_dropout_prob: number;
  attention_probs_dropout_prob: number;
};

export const definition = {
  image_root: path('Data', '', 'folder', 'Base folder of the image paths in the annotations.', {
    blip: '/export/share/datasets/vision/NLVR2/',
  }),
  ann_root: path('Data', 'annotation', 'folder', 'Folder with the annotation files.'),
  image_size: integer(
    'Data',
    384,
    16,
    1024,
    'Side length in pixels that every image is resized to; a multiple of the patch size.',
  ),
  ann_files: mapping(
    'Data',
    { train: 'nlvr_train.json', val: 'nlvr_dev.json', test: 'nlvr_test.json' },
    {
      train: path(
        'Data',
        'nlvr_train.json',
        'file',
        'Annotations to train on, relative to `ann_root`.',
        { optional: true },
      ),
      val: path(
        'Data',
        'nlvr_dev.json',
        'file',
        'Annotations used to select the best checkpoint, relative to `ann_root`.',
        { optional: true },
      ),
      test: path(
        'Data',
        'nlvr_test.json',
        'file',
        'Annotations that are evaluated but not used to select a checkpoint, relative to `ann_root`; empty for none.',
        { optional: true },
      ),
    },
    'Annotation file of each split, relative to `ann_root`.',
    undefined,
    'fixed: nlvr_train.json, nlvr_dev.json, nlvr_test.json',
  ),
  ann_format: oneOf(
    'Data',
    'auto',
    ['auto', 'blip', 'nlvr2', 'nlvr1'],
    'Format of the annotation files; `auto` detects it for each file from its content.',
    'blip',
  ),
  missing_images: oneOf(
    'Data',
    'fail',
    ['fail', 'skip'],
    "What to do when images are missing (about 5% of NLVR2's are no longer on the web): `fail` does not start, `skip` skips the examples that show them and notes that the results cover part of the data.",
    'fail, when the first such image is read',
  ),
  augment: boolean(
    'Data',
    true,
    "BLIP's training augmentation: random resized crop, horizontal flip, RandAugment(2, 5).",
  ),
  swap_images: boolean(
    'Data',
    true,
    'During training, swap the two images of half of the examples, together with the words "left" and "right".',
    'true, also in val and test, which makes its evaluation random',
  ),
  max_words: integer(
    'Data',
    40,
    1,
    500,
    'Maximum number of words of a sentence; longer ones are truncated.',
  ),
  cache_images: boolean(
    'Data',
    false,
    'Keep decoded and resized images on disk, for runs that read each image many times.',
    'not available',
  ),
  num_workers: integer(
    'Data',
    4,
    0,
    64,
    'Threads that read and transform images; 0 uses the main thread. Does not affect results.',
  ),

  pretrained: path(
    'Model',
    '',
    'file',
    'Weights to start from: a `.pth` or `.safetensors` file, a run folder, or an https address. If empty, training starts from random weights.',
    { url: true, optional: true, blip: 'model_base_nlvr.pth, the fine-tuned model, over https' },
  ),
  vit: mapping(
    'Model',
    'base',
    {
      width: integer('Model', 768, 4, 4096, 'Width of the vision transformer.'),
      depth: integer('Model', 12, 1, 64, 'Number of blocks.'),
      heads: integer('Model', 12, 1, 64, 'Attention heads; divides the width.'),
      patch_size: integer('Model', 16, 2, 64, 'Patch size in pixels.'),
    },
    'Vision transformer: a size by name, or its width, depth, heads and patch size. Width, depth and heads of the names: `tiny` 192, 12, 3; `small` 384, 12, 6; `base` 768, 12, 12; `large` 1024, 24, 16; all with patches of 16 pixels.',
    oneOf('Model', 'base', ['base', 'large', 'tiny', 'small'], 'A size by name.'),
  ),
  vit_grad_ckpt: boolean(
    'Model',
    false,
    'Gradient checkpointing in the vision transformer: less memory, about a third more time. Requires `vit_ckpt_layer`.',
  ),
  vit_ckpt_layer: integer(
    'Model',
    0,
    0,
    64,
    'Number of blocks to checkpoint, from the last one; 0 disables checkpointing.',
  ),
  med_config: mapping(
    'Model',
    'med_config.json',
    {
      hidden_size: integer('Model', 768, 4, 4096, 'Width of the text encoder.'),
      num_hidden_layers: integer(
        'Model',
        12,
        1,
        64,
        'Layers of the text encoder; from layer 6 on the two cross-attentions are merged by `merge_layer`.',
      ),
      num_attention_heads: integer('Model', 12, 1, 64, 'Attention heads; divides the hidden size.'),
      intermediate_size: integer('Model', 3072, 4, 16384, 'Width of the feed-forward part.'),
      encoder_width: integer('Model', 768, 4, 4096, 'Width of the image features; set from `vit`.'),
      vocab_size: integer('Model', 30524, 8, 1000000, 'Rows of the word embedding.'),
      max_position_embeddings: integer('Model', 512, 8, 4096, 'Rows of the position embedding.'),
      layer_norm_eps: number('Model', 1e-12, 0, 1, 'Epsilon of LayerNorm.'),
      hidden_dropout_prob: number(
        'Model',
        0.1,
        0,
        0.95,
        'Dropout on embeddings and layer outputs.',
      ),
      attention_probs_dropout_prob: number(
        'Model',
        0.1,
        0,
        0.95,
        'Dropout on attention probabilities.',
      ),
    },
    "Text encoder: a BERT configuration file such as BLIP's `med_config.json`, or the same keys as a mapping. `med_config.json` without a folder means BLIP's.",
    path('Model', 'med_config.json', 'file', 'A BERT configuration file.'),
    'configs/med_config.json',
    {
      architectures: null,
      hidden_act: 'gelu',
      initializer_range: null,
      model_type: null,
      pad_token_id: null,
      type_vocab_size: null,
      add_cross_attention: null,
      position_embedding_type: 'absolute',
      classifier_dropout: null,
      gradient_checkpointing: null,
      torch_dtype: null,
      transformers_version: null,
      use_cache: null,
    },
  ),
  drop_path_rate: number(
    'Model',
    0.1,
    0,
    0.95,
    'Stochastic depth of the last vision block, rising linearly from 0 at the first.',
  ),
  freeze_vit: boolean(
    'Model',
    false,
    'Train only the text encoder and the head. Images are then encoded once, without augmentation.',
    'not available',
  ),

  batch_size_train: integer(
    'Optimization',
    16,
    1,
    65536,
    'Examples per training step and process.',
  ),
  batch_size_test: integer('Optimization', 64, 1, 65536, 'Examples per evaluation step.'),
  max_epoch: integer('Optimization', 15, 1, 100000, 'Passes over the training split.'),
  init_lr: number('Optimization', 3e-5, 0, 10, 'Learning rate at the first epoch.'),
  min_lr: number('Optimization', 0, 0, 10, 'Learning rate that the cosine schedule approaches.'),
  weight_decay: number(
    'Optimization',
    0.05,
    0,
    10,
    'Decoupled weight decay of AdamW, applied to all parameters as in BLIP.',
  ),
  accumulate_steps: integer(
    'Optimization',
    1,
    1,
    4096,
    'Batches whose gradients are averaged before one optimizer step.',
    'not available',
  ),
  warmup_steps: integer(
    'Optimization',
    0,
    0,
    big,
    'Steps over which the learning rate rises from `warmup_lr`; 0 for none.',
    '0: train_nlvr.py has no warm-up',
  ),
  warmup_lr: number(
    'Optimization',
    1e-6,
    0,
    10,
    'Learning rate at the first warm-up step.',
    'not available',
  ),
  grad_clip: number(
    'Optimization',
    0,
    0,
    1e6,
    'Maximum global norm of the gradient; 0 disables clipping.',
    'not available',
  ),
  early_stop: integer(
    'Optimization',
    0,
    0,
    100000,
    'Stop after this many evaluations without a better validation accuracy; 0 never stops early.',
    'not available',
  ),

  device: oneOf(
    'Hardware',
    'auto',
    ['auto', 'cpu', 'gpu'],
    'Device to train on; `auto` uses a GPU if the runtime has one.',
    'gpu',
  ),
  precision: oneOf(
    'Hardware',
    'fp32',
    ['fp32', 'tf32', 'bf16', 'fp16', 'auto'],
    'Precision of matrix products; weights and sums stay fp32. `tf32` requires a GPU; `fp16` trains with dynamic loss scaling, for GPUs without bf16 (experimental); `auto` uses bf16 if the hardware supports it, otherwise fp32.',
  ),
  xla: boolean(
    'Hardware',
    false,
    'Compile with XLA, for GPUs: on a CPU it is slower and takes more memory. Cannot be combined with gradient checkpointing.',
    'not available',
  ),
  gradient_precision: oneOf(
    'Hardware',
    'fp32',
    ['fp32', 'bf16'],
    'Precision in which several processes exchange gradients; `bf16` halves the traffic and rounds the sums.',
  ),
  threads: integer(
    'Hardware',
    0,
    0,
    1024,
    'Threads of the TensorFlow runtime; 0 uses one per core. Results are reproducible only with the same number of threads.',
    'not available',
  ),

  output_dir: path(
    'Run',
    'output/NLVR',
    'folder',
    'Run folder: events, log, checkpoints and predictions.',
  ),
  seed: integer('Run', 42, 0, big, 'Seed for initialization, order, augmentation and dropout.'),
  log_every: integer(
    'Run',
    1,
    1,
    1000000,
    'Number of steps between two points of the loss curve.',
    '50, on the terminal',
  ),
  eval_every: integer('Run', 1, 1, 100000, 'Epochs between two evaluations.'),
  eval_test: boolean(
    'Run',
    true,
    'Evaluate the test split after each epoch, as BLIP does. If false, evaluate it once at the end, with the best checkpoint.',
  ),
  save_every: integer(
    'Run',
    1,
    1,
    100000,
    'Epochs between two saves of the last checkpoint, from which a run resumes exactly.',
    'not available: only the best checkpoint is kept',
  ),
  save_steps: integer(
    'Run',
    0,
    0,
    big,
    'Steps between two saves of the last checkpoint within an epoch; 0 never saves by steps.',
    'not available: only the best checkpoint is kept',
  ),
  save_minutes: number(
    'Run',
    10,
    0,
    100000,
    'Minutes between two saves of the last checkpoint within an epoch, the most that a crash can cost; 0 never saves by time.',
    'not available: only the best checkpoint is kept',
  ),
  keep_checkpoints: integer(
    'Run',
    0,
    0,
    1000,
    'Number of checkpoints of earlier epochs to keep in addition to the best and the last.',
    'not available: only the best checkpoint is kept',
  ),

  init_std: number(
    'Advanced',
    0.02,
    1e-5,
    1,
    "Standard deviation of newly initialized weights. Small models trained from scratch need more than BLIP's.",
  ),
  curriculum: mapping(
    'Advanced',
    { ann_file: '', epochs: 0 },
    {
      ann_file: path(
        'Advanced',
        '',
        'file',
        'Annotations of easy examples, relative to `ann_root`; empty for no curriculum.',
        { optional: true },
      ),
      epochs: integer(
        'Advanced',
        0,
        0,
        100000,
        'Passes over them at a constant `init_lr`. The optimizer is reset afterwards.',
      ),
    },
    'A first stage on easy examples before the training split, for models that start from random weights.',
    undefined,
    'not available',
  ),
  feature_cache: number(
    'Advanced',
    8,
    0,
    100000,
    'Maximum disk space for image features with `freeze_vit`, in gigabytes. Features that do not fit are computed again each epoch.',
    'not available',
  ),
  watch_pairs: integer(
    'Advanced',
    8,
    0,
    64,
    'Validation pairs whose probability is shown after every epoch.',
    'not available',
  ),
} as const satisfies Record<string, KeyDefinition>;

export type Definition = typeof definition;
export type ConfigKey = keyof Definition;

/** A complete configuration: every key present, values in range, paths as written (not yet resolved). */
export type Config = {
  [K in Exclude<ConfigKey, 'vit' | 'med_config'>]: KeyValue<Definition[K]>;
} & {
  vit: VitName | VitSize;
  /** A path, or the measures themselves. */
  med_config: string | MedConfig;
};
