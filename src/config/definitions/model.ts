/** Keys of the group Model: weights, vision transformer and text encoder. */
import { keysOf, type KeyDefinition, type KeyValue } from './keyKinds';

const { path, mapping, integer, number, boolean, oneOf } = keysOf('Model');

export const modelKeys = {
  pretrained: path(
    '',
    'file',
    'Weights to start from: a `.pth` or `.safetensors` file, a run folder, or an https address. If empty, training starts from random weights.',
    { url: true, optional: true, blip: 'model_base_nlvr.pth, the fine-tuned model, over https' },
  ),
  vit: mapping(
    'base',
    {
      width: integer(768, 4, 4096, 'Width of the vision transformer.'),
      depth: integer(12, 1, 64, 'Number of blocks.'),
      heads: integer(12, 1, 64, 'Attention heads; divides the width.'),
      patch_size: integer(16, 2, 64, 'Patch size in pixels.'),
    },
    'Vision transformer: a size by name, or its width, depth, heads and patch size. Width, depth and heads of the names: `tiny` 192, 12, 3; `small` 384, 12, 6; `base` 768, 12, 12; `large` 1024, 24, 16; all with patches of 16 pixels.',
    oneOf('base', ['base', 'large', 'tiny', 'small'], 'A size by name.'),
  ),
  vit_grad_ckpt: boolean(
    false,
    'Gradient checkpointing in the vision transformer: less memory, about a third more time. Requires `vit_ckpt_layer`.',
  ),
  vit_ckpt_layer: integer(
    0,
    0,
    64,
    'Number of blocks to checkpoint, from the last one; 0 disables checkpointing.',
  ),
  med_config: mapping(
    'med_config.json',
    {
      hidden_size: integer(768, 4, 4096, 'Width of the text encoder.'),
      num_hidden_layers: integer(
        12,
        1,
        64,
        'Layers of the text encoder; from layer 6 on the two cross-attentions are merged by `merge_layer`.',
      ),
      num_attention_heads: integer(12, 1, 64, 'Attention heads; divides the hidden size.'),
      intermediate_size: integer(3072, 4, 16384, 'Width of the feed-forward part.'),
      encoder_width: integer(768, 4, 4096, 'Width of the image features; set from `vit`.'),
      vocab_size: integer(30524, 8, 1000000, 'Rows of the word embedding.'),
      max_position_embeddings: integer(512, 8, 4096, 'Rows of the position embedding.'),
      layer_norm_eps: number(1e-12, 0, 1, 'Epsilon of LayerNorm.'),
      hidden_dropout_prob: number(0.1, 0, 0.95, 'Dropout on embeddings and layer outputs.'),
      attention_probs_dropout_prob: number(0.1, 0, 0.95, 'Dropout on attention probabilities.'),
    },
    "Text encoder: a BERT configuration file such as BLIP's `med_config.json`, or the same keys as a mapping. `med_config.json` without a folder means BLIP's.",
    path('med_config.json', 'file', 'A BERT configuration file.'),
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
    0.1,
    0,
    0.95,
    'Stochastic depth of the last vision block, rising linearly from 0 at the first.',
  ),
  freeze_vit: boolean(
    false,
    'Train only the text encoder and the head. Images are then encoded once, without augmentation.',
    'not available',
  ),
} as const satisfies Record<string, KeyDefinition>;

type VitValue = KeyValue<(typeof modelKeys)['vit']>;

/** Name of a size of the vision transformer. */
export type VitName = Extract<VitValue, string>;

/** Sizes of a vision transformer; `patch_size` in pixels. */
export type VitSize = Exclude<VitValue, string>;

/** Sizes and rates of the text encoder: the part of a BERT configuration that BLIP's code reads. */
export type MedConfig = Exclude<KeyValue<(typeof modelKeys)['med_config']>, string>;
