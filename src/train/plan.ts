/**
 * The stages of a run: the epochs of the curriculum (if any), then those of the training split, with the learning rate of
 * every step. Epochs and steps are counted over both stages.
 */
import type { Config } from '../config/definition';
import { curriculumLearningRate, learningRate, stepsPerEpoch } from '../config/schedule';
import type { Dataset } from '../data/types';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';

export interface Stage {
  name: 'curriculum' | 'main';
  dataset: Dataset;
  epochs: number;
  /** Batches of an epoch; an incomplete last optimizer step is dropped, as with `drop_last`. */
  batchesPerEpoch: number;
  /** Optimizer steps of an epoch. */
  stepsPerEpoch: number;
  /** Epochs before this stage. */
  firstEpoch: number;
}

export class TrainingPlan {
  readonly stages: readonly Stage[];
  readonly epochs: number;
  readonly totalSteps: number;

  /**
   * @param easy the curriculum's data set, if the configuration has one.
   * @param worldSize number of processes; each takes its own batches.
   * @throws {UserError} when a data set is smaller than one optimizer step.
   */
  constructor(
    private readonly config: Config,
    train: Dataset,
    easy?: Dataset,
    readonly worldSize = 1,
  ) {
    const stages: Stage[] = [];
    const add = (name: Stage['name'], dataset: Dataset, epochs: number): void => {
      const stepsPerEpoch = optimizerSteps(config, dataset, worldSize);
      const before = stages.at(-1);
      stages.push({
        name,
        dataset,
        epochs,
        stepsPerEpoch,
        batchesPerEpoch: stepsPerEpoch * config.accumulate_steps,
        firstEpoch: before ? before.firstEpoch + before.epochs : 0,
      });
    };
    if (easy && config.curriculum.epochs > 0) add('curriculum', easy, config.curriculum.epochs);
    add('main', train, config.max_epoch);
    this.stages = stages;
    this.epochs = stages.reduce((sum, stage) => sum + stage.epochs, 0);
    this.totalSteps = stages.reduce((sum, stage) => sum + stage.epochs * stage.stepsPerEpoch, 0);
  }

  /** @param epoch from 0, over the whole run. */
  stageOf(epoch: number): Stage {
    const stage = this.stages.find((s) => epoch < s.firstEpoch + s.epochs);
    if (!stage)
      throw new RangeError(`epoch ${epoch} is after the last epoch of the run, ${this.epochs - 1}`);
    return stage;
  }

  /** Number of examples in one batch of all processes together. */
  get batchExamples(): number {
    return this.config.batch_size_train * this.worldSize;
  }

  /**
   * Number of remaining batches of an epoch. It may differ from `batchesPerEpoch` if the run was started with another number
   * of processes: the remaining examples of the epoch are distributed again.
   * @param examples number of examples of the epoch that are done
   */
  remainingBatches({ dataset }: Stage, examples: number): number {
    const left = dataset.examples.length - examples;
    const { accumulate_steps } = this.config;
    return Math.floor(left / (this.batchExamples * accumulate_steps)) * accumulate_steps;
  }

  /** Number of optimizer steps of the whole run, from a position in it: steps that are done, and remaining steps. */
  totalStepsFrom(done: { step: number; epoch: number; epochExamples: number }): number {
    if (done.epoch >= this.epochs) return done.step;
    const stage = this.stageOf(done.epoch);
    const inEpoch = this.remainingBatches(stage, done.epochExamples) / this.config.accumulate_steps;
    const later = this.stages.reduce((sum, { firstEpoch, epochs, stepsPerEpoch }) => {
      const left = firstEpoch + epochs - Math.max(firstEpoch, done.epoch + 1);
      return sum + Math.max(0, left) * stepsPerEpoch;
    }, 0);
    return done.step + inEpoch + later;
  }

  /**
   * Learning rate of a step.
   * @param inStage number of optimizer steps of its stage before it.
   */
  learningRate(epoch: number, inStage: number): number {
    const stage = this.stageOf(epoch);
    return stage.name === 'curriculum'
      ? curriculumLearningRate(this.config, inStage)
      : learningRate(this.config, epoch - stage.firstEpoch, inStage);
  }
}

function optimizerSteps(config: Config, dataset: Dataset, worldSize: number): number {
  const steps = stepsPerEpoch(config, dataset.examples.length, worldSize);
  if (steps === 0 && worldSize > 1)
    throw new UserError(
      localize(
        '{0} has {1} examples, fewer than one training step of {2} processes takes ({3}).',
        dataset.file,
        dataset.examples.length,
        worldSize,
        config.batch_size_train * config.accumulate_steps * worldSize,
      ),
      { hint: localize('Lower batch_size_train, or use fewer processes.') },
    );
  if (steps === 0)
    throw new UserError(
      config.accumulate_steps > 1
        ? localize(
            dataset.examples.length === 1
              ? '{0} has {1} example, fewer than one training step takes (batch_size_train {2} × accumulate_steps {3}).'
              : '{0} has {1} examples, fewer than one training step takes (batch_size_train {2} × accumulate_steps {3}).',
            dataset.file,
            dataset.examples.length,
            config.batch_size_train,
            config.accumulate_steps,
          )
        : localize(
            dataset.examples.length === 1
              ? '{0} has {1} example, fewer than one training step takes (batch_size_train {2}).'
              : '{0} has {1} examples, fewer than one training step takes (batch_size_train {2}).',
            dataset.file,
            dataset.examples.length,
            config.batch_size_train,
          ),
      { hint: localize('Lower batch_size_train.') },
    );
  return steps;
}
