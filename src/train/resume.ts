import type { LoadedConfig } from '../config/load';
import { readModelConfig } from '../model/config';
import { parameterShapes } from '../model/parameters';
import { readRunInfo } from '../run/migrate';
import type { RunFolder } from '../run/runFolder';
import { phrase } from '../util/phrase';
import { UserError } from '../util/userError';
import { readLastState, requireFitting } from './checkpoints';
import { exampleOrder, requireSameOrder } from './exampleOrder';
import type { TrainingPlan } from './plan';
import { requireSameModel } from './sameModel';
import { trainableParameters } from './trainable';
import { stopsEarly, type TrainerState } from './trainerState';

/**
 * State of the last checkpoint, when the run can go on from it as the configuration now says. Reads only, so that a
 * run which cannot go on stays as it was.
 * @throws {UserError} saying why it cannot.
 */
export async function resumableState(
  folder: RunFolder,
  { config, folder: configFolder }: LoadedConfig,
  plan: TrainingPlan,
): Promise<TrainerState> {
  const state = readLastState(folder);
  if (state.seed !== config.seed)
    throw new UserError(
      phrase(
        'The run in {0} was started with seed {1}; it cannot go on with seed {2}.',
        folder.root,
        state.seed,
        config.seed,
      ),
      { hint: phrase('Resume with --seed {0}.', state.seed) },
    );
  requireSameOrder(state.order, exampleOrder(config, plan), folder);
  await requireUnfinished(folder, state, config, plan.epochs);
  const model = readModelConfig(config, configFolder);
  await requireSameModel(folder, model);
  const shapes = parameterShapes(model);
  await requireFitting(folder, shapes, trainableParameters(config, shapes.keys()));
  return state;
}

/** All epochs may be done and the last evaluation or the report not: such a run still has something to do. */
async function requireUnfinished(
  folder: RunFolder,
  state: TrainerState,
  config: LoadedConfig['config'],
  epochs: number,
): Promise<void> {
  const early = stopsEarly(config, state);
  if (state.epoch < epochs && !early) return;
  const info = await readRunInfo(folder.root).catch(() => undefined);
  if (info?.state !== 'finished') return;
  const [why, hint] =
    state.epoch < epochs
      ? [
          phrase('it stopped early, {0} evaluations after its best', config.early_stop),
          phrase('Raise early_stop to train longer.'),
        ]
      : [phrase('all {0} epochs are done', epochs), phrase('Raise max_epoch to train longer.')];
  throw new UserError(phrase('The run in {0} is finished: {1}.', folder.root, why), { hint });
}
