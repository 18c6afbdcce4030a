/** Keys of the group Run: run folder, seed, evaluation and checkpoints. */
import { keysOf, MAX_INTEGER, type KeyDefinition } from './keyKinds';

const { path, integer, number, boolean } = keysOf('Run');

export const runKeys = {
  output_dir: path(
    'output/NLVR',
    'folder',
    'Run folder: events, log, checkpoints and predictions.',
  ),
  seed: integer(42, 0, MAX_INTEGER, 'Seed for initialization, order, augmentation and dropout.'),
  log_every: integer(
    1,
    1,
    1000000,
    'Number of steps between two points of the loss curve.',
    '50, on the terminal',
  ),
  eval_every: integer(1, 1, 100000, 'Epochs between two evaluations.'),
  eval_test: boolean(
    true,
    'Evaluate the test split after each epoch, as BLIP does. If false, evaluate it once at the end, with the best checkpoint.',
  ),
  save_every: integer(
    1,
    1,
    100000,
    'Epochs between two saves of the last checkpoint, from which a run resumes exactly.',
    'not available: only the best checkpoint is kept',
  ),
  save_steps: integer(
    0,
    0,
    MAX_INTEGER,
    'Steps between two saves of the last checkpoint within an epoch; 0 never saves by steps.',
    'not available: only the best checkpoint is kept',
  ),
  save_minutes: number(
    10,
    0,
    100000,
    'Minutes between two saves of the last checkpoint within an epoch, the most that a crash can cost; 0 never saves by time.',
    'not available: only the best checkpoint is kept',
  ),
  keep_checkpoints: integer(
    0,
    0,
    1000,
    'Number of checkpoints of earlier epochs to keep in addition to the best and the last.',
    'not available: only the best checkpoint is kept',
  ),
} as const satisfies Record<string, KeyDefinition>;
