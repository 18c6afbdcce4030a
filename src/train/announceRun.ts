/** Records what a run trains and on which machines: in run.json, as its first event, and as notes. */
import type { LoadedConfig } from '../config/load';
import type { Dataset } from '../data/types';
import type { ProcessGroup } from '../distributed/processGroup';
import { EVENT_VERSION, type RankInfo, type Split } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { Session } from '../runtime/session';
import { formatBytes } from '../util/formatBytes';
import { localize } from '../util/localize';
import { checkpointBytes } from './checkpoint/diskSpace';
import { evaluatedDatasets } from './loop';
import type { ModelSession } from './modelSession';
import type { TrainingPlan } from './plan';
import { changedResources, resourcesOf } from './resources';
import type { TrainerState } from './state';

export interface AnnouncedRun {
  loaded: LoadedConfig;
  group: ProcessGroup;
  plan: TrainingPlan;
  datasets: Partial<Record<Split, Dataset>>;
  /** Position where the run resumes; undefined for a new run. */
  resumed: TrainerState | undefined;
}

/** Writes the state `running`, the `start` event, and notes about ranks, precision and disk space. */
export function announceRun(
  writer: RunRecord,
  run: AnnouncedRun,
  opened: ModelSession,
  state: TrainerState,
  parameters: number,
): void {
  const { group, plan, datasets, resumed } = run;
  const { config } = run.loaded;
  const main = plan.stages[plan.stages.length - 1];
  const easy = plan.stages.find(({ name }) => name === 'curriculum');
  const device = opened.session.info.device;
  const ranks = group.rankSpec.worldSize > 1 && { ranks: rankInfos(group) };
  writer.update({
    state: 'running',
    device,
    precision: opened.precision,
    versions: { ...writer.info.versions, tensorflow: opened.session.info.tensorflow },
    maxEpoch: plan.epochs,
    totalSteps: plan.totalStepsFrom(state),
    step: state.step,
    epoch: state.epoch,
    ...ranks,
  });
  writer.event({
    type: 'start',
    v: EVENT_VERSION,
    resumed: resumed !== undefined,
    trainedSeconds: writer.info.trainedSeconds ?? 0,
    step: state.step,
    epoch: state.epoch,
    maxEpoch: plan.epochs,
    stepsPerEpoch: main.stepsPerEpoch,
    evaluation: {
      every: config.eval_every,
      examples: evaluatedDatasets(config, datasets).reduce(
        (sum, { examples }) => sum + examples.length,
        0,
      ),
    },
    ...(easy && { curriculum: { epochs: easy.epochs, stepsPerEpoch: easy.stepsPerEpoch } }),
    totalSteps: plan.totalStepsFrom(state),
    ...ranks,
    examples: Object.fromEntries(
      Object.entries(datasets).map(([split, { examples }]) => [split, examples.length]),
    ),
    device,
    precision: opened.precision,
    parameters,
  });
  noteRanks(writer, run, state);
  const disk = formatBytes(checkpointBytes(parameters, config.keep_checkpoints));
  writer.note(
    'info',
    'plan',
    localize(
      'Precision {0}: {1}. Checkpoints take up to {2} of disk.',
      opened.precision,
      opened.precisionReason,
      disk,
    ),
    ...(opened.precisionRemark === undefined ? [] : [opened.precisionRemark]),
  );
}

/** Writes a note about a training on several processes, or on another number of processes than before. */
function noteRanks(
  writer: RunRecord,
  { loaded, group, plan }: AnnouncedRun,
  state: TrainerState,
): void {
  const { worldSize } = group.rankSpec;
  const { batch_size_train: batch, accumulate_steps: accumulate } = loaded.config;
  const before = state.order.worldSize ?? 1;
  if (worldSize !== before)
    writer.note(
      'warning',
      'world-size-changed',
      localize(
        'The run was trained by {0} processes before. Now it is trained by {1}.',
        before,
        worldSize,
      ),
      localize(
        'It continues with the remaining examples in the same order. A step now takes {0} examples, {1} before.',
        plan.batchExamples * accumulate,
        state.order.batchSize * state.order.accumulateSteps * before,
      ),
    );
  if (worldSize > 1)
    writer.note(
      'info',
      'effective-batch',
      localize(
        'A step takes {0} examples: {1} on each of {2} processes, {3} times.',
        batch * worldSize * accumulate,
        batch,
        worldSize,
        accumulate,
      ),
    );
}

/**
 * Records device, threads, shards and TensorFlow's version in the state and in run.json, and notes changes since the last
 * attempt: the run's numbers are the same to the last bit only where all of them are.
 */
export function recordResources(writer: RunRecord, session: Session, state: TrainerState): void {
  const now = resourcesOf(session);
  const changes = state.resources === undefined ? [] : changedResources(state.resources, now);
  state.resources = now;
  writer.update({ threads: now.threads, lanes: now.lanes });
  if (changes.length > 0)
    writer.note(
      'warning',
      'not-exact',
      localize(
        'The run continues {0}: its numbers differ from those of an uninterrupted run.',
        changes,
      ),
      localize(
        'To get identical numbers, resume the run with its original settings on the same kind of machine.',
      ),
    );
}

function rankInfos(group: ProcessGroup): RankInfo[] {
  return group.members.map(({ rank, host, pid, localRank }) => ({ rank, host, pid, localRank }));
}
