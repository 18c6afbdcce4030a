import { readConfigFile } from '../config/flat';
import type { LoadedConfig } from '../config/load';
import { readModelConfig } from '../model/config';
import { parameterShapes } from '../model/parameters';
import { readRunInfo } from '../run/read/migrate';
import type { RunFolder } from '../run/runFolder';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { readLastTrainerState, requireFitting } from './checkpoint/checkpoints';
import { exampleOrder, requireSameOrder } from './data/exampleOrder';
import type { TrainingPlan } from './plan';
import { requireSameModel } from './checkpoint/sameModel';
import { trainableParameters } from './checkpoint/trainable';
import { stopsEarly, type TrainerState } from './state';

/**
 * Reads the state of the last checkpoint and checks that the run can resume from it with this configuration. Writes nothing,
 * so that a run that cannot be resumed is not changed.
 * @throws {UserError} with the reason why it cannot be resumed.
 */
export async function resumableState(
  folder: RunFolder,
  { config, folder: configFolder }: LoadedConfig,
  plan: TrainingPlan,
): Promise<TrainerState> {
  const state = readLastTrainerState(folder);
  if (state.seed !== config.seed)
    throw new UserError(
      localize(
        'The run in {0} was started with seed {1} and cannot be resumed with seed {2}.',
        folder.root,
        state.seed,
        config.seed,
      ),
      { hint: localize('Resume with --seed {0}.', state.seed) },
    );
  requireSamePrecision(folder, state, config);
  requireSameOrder(state.order, exampleOrder(config, plan), folder);
  await requireUnfinished(folder, state, config, plan.epochs);
  const model = readModelConfig(config, configFolder);
  await requireSameModel(folder, model);
  const shapes = parameterShapes(model);
  await requireFitting(folder, shapes, trainableParameters(config, shapes.keys()));
  return state;
}

/**
 * Checks that the precision is the one of the run's start. `auto` keeps the run's precision, and so does an unchanged value,
 * which may have been resolved to another one: `tf32` is fp32 on a CPU.
 */
function requireSamePrecision(
  folder: RunFolder,
  state: TrainerState,
  { precision }: LoadedConfig['config'],
): void {
  const own = readConfigFile(folder.config)?.precision;
  if (precision === 'auto' || precision === state.precision) return;
  if (own === undefined || own === precision) return;
  throw new UserError(
    localize(
      'The run in {0} was started with precision {1} and cannot be resumed with precision {2}.',
      folder.root,
      state.precision,
      precision,
    ),
    {
      hint: localize(
        'Resume with --set precision={0}, or start a new run with the other precision.',
        own,
      ),
    },
  );
}

/**
 * Checks that the run has something left to do. That may be only the last evaluation or the final report. A run that would
 * end immediately because of a changed configuration is refused.
 */
async function requireUnfinished(
  folder: RunFolder,
  state: TrainerState,
  config: LoadedConfig['config'],
  epochs: number,
): Promise<void> {
  if (state.epoch < epochs && !stopsEarly(config, state)) return;
  const info = await readRunInfo(folder.root).catch(() => undefined);
  const own = readConfigFile(folder.config);
  if (info?.state !== 'finished') {
    if (own && state.epoch < epochsOf(own) && !stopsEarly(own, state))
      throw endsAtOnce(folder, state, config, own, epochs);
    return;
  }
  const [why, hint] =
    state.epoch < epochs
      ? [
          localize(
            config.early_stop === 1
              ? 'it stopped early, {0} evaluation after its best'
              : 'it stopped early, {0} evaluations after its best',
            config.early_stop,
          ),
          localize('To train longer, raise early_stop: --set early_stop=0 turns it off.'),
        ]
      : [
          localize(epochs === 1 ? 'its {0} epoch is done' : 'all {0} epochs are done', epochs),
          localize(
            'To train longer, raise max_epoch: --set max_epoch={0}, for example.',
            config.max_epoch + 1,
          ),
        ];
  throw new UserError(localize('The run in {0} is finished: {1}.', folder.root, why), { hint });
}

function endsAtOnce(
  folder: RunFolder,
  state: TrainerState,
  config: LoadedConfig['config'],
  own: LoadedConfig['config'],
  epochs: number,
): UserError {
  const [key, was, now] =
    state.epoch >= epochs
      ? (['max_epoch', own.max_epoch, config.max_epoch] as const)
      : (['early_stop', own.early_stop, config.early_stop] as const);
  return new UserError(
    localize(
      'The run in {0} is in epoch {1}; {2}: {3} → {4} would end it immediately. It was not changed.',
      folder.root,
      state.epoch + 1,
      key,
      was,
      now,
    ),
    {
      hint: localize(
        'Resume with the configuration of the run (without --config and --set), or raise {0}.',
        key,
      ),
    },
  );
}

/** Number of epochs of a run, including the curriculum. */
function epochsOf({ curriculum, max_epoch }: LoadedConfig['config']): number {
  return max_epoch + (curriculum.ann_file === '' ? 0 : curriculum.epochs);
}
