/** Keys of the group Advanced: for models that are trained from random weights, for the sample and for the interface. */
import { keysOf, type KeyDefinition } from './keyKinds';

const { path, mapping, integer, number } = keysOf('Advanced');

export const advancedKeys = {
  init_std: number(
    0.02,
    1e-5,
    1,
    "Standard deviation of newly initialized weights. Small models trained from scratch need more than BLIP's.",
  ),
  curriculum: mapping(
    { ann_file: '', epochs: 0 },
    {
      ann_file: path(
        '',
        'file',
        'Annotations of easy examples, relative to `ann_root`; empty for no curriculum.',
        { optional: true },
      ),
      epochs: integer(
        0,
        0,
        100000,
        'Passes over them at a constant `init_lr`. The optimizer is reset afterward.',
      ),
    },
    'A first stage on easy examples before the training split, for models that start from random weights.',
    undefined,
    'not available',
  ),
  feature_cache: number(
    8,
    0,
    100000,
    'Maximum disk space for image features with `freeze_vit`, in gigabytes. Features that do not fit are computed again each epoch.',
    'not available',
  ),
  watch_pairs: integer(
    8,
    0,
    64,
    'Validation pairs whose probability is shown after every epoch.',
    'not available',
  ),
} as const satisfies Record<string, KeyDefinition>;
