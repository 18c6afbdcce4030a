/** Keys of the group Optimization: batches, epochs and AdamW. */
import { keysOf, MAX_INTEGER, type KeyDefinition } from './keyKinds';

const { integer, number } = keysOf('Optimization');

export const optimizationKeys = {
  batch_size_train: integer(16, 1, 65536, 'Examples per training step and process.'),
  batch_size_test: integer(64, 1, 65536, 'Examples per evaluation step.'),
  max_epoch: integer(15, 1, 100000, 'Passes over the training split.'),
  init_lr: number(3e-5, 0, 10, 'Learning rate at the first epoch.'),
  min_lr: number(0, 0, 10, 'Learning rate that the cosine schedule approaches.'),
  weight_decay: number(
    0.05,
    0,
    10,
    'Decoupled weight decay of AdamW, applied to all parameters as in BLIP.',
  ),
  accumulate_steps: integer(
    1,
    1,
    4096,
    'Batches whose gradients are averaged before one optimizer step.',
    'not available',
  ),
  warmup_steps: integer(
    0,
    0,
    MAX_INTEGER,
    'Steps over which the learning rate rises from `warmup_lr`; 0 for none.',
    '0: train_nlvr.py has no warm-up',
  ),
  warmup_lr: number(1e-6, 0, 10, 'Learning rate at the first warm-up step.', 'not available'),
  grad_clip: number(
    0,
    0,
    1e6,
    'Maximum global norm of the gradient; 0 disables clipping.',
    'not available',
  ),
  early_stop: integer(
    0,
    0,
    100000,
    'Stop after this many evaluations without a better validation accuracy; 0 never stops early.',
    'not available',
  ),
} as const satisfies Record<string, KeyDefinition>;
