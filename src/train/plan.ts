/**
 * What a run consists of: the epochs of the curriculum (if any), then those of the training split, with
 * the learning rate of every step. Epochs and steps are counted over both.
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
  /** Batches of an epoch that are used; a rest that fills no optimizer step is dropped, as `drop_last` does. */
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
   * @param easy the curriculum's data set, where the configuration has one.
   * @param worldSize processes that share the training; each takes batches of its own.
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

  /** Examples of one batch of all processes. */
  get batchExamples(): number {
    return this.config.batch_size_train * this.worldSize;
  }

  /**
   * Batches of an epoch that are still to come. They differ from what `stage` says where the run was begun with another
   * number of processes: the examples of the epoch that are left are shared out again.
   * @param examples of the epoch that are done
   */
  remainingBatches({ dataset }: Stage, examples: number): number {
    const left = dataset.examples.length - examples;
    const { accumulate_steps } = this.config;
    return Math.floor(left / (this.batchExamples * accumulate_steps)) * accumulate_steps;
  }

  /** Optimizer steps of a run that has come so far, those that are done included. */
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
   * @param inStage optimizer steps of its stage done before it.
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
