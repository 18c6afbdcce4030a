import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Config } from '../../config/definition';
import type { Dataset } from '../../data/types';
import type { RunFolder } from '../../run/runFolder';
import { localize, type LocalizedMessage } from '../../util/localize';
import { UserError } from '../../util/userError';
import type { TrainingPlan } from '../plan';

/** What determines, together with the seed, the examples of a step. Positions in a run refer to it. */
export interface ExampleOrder {
  batchSize: number;
  accumulateSteps: number;
  /** Processes that shared the training; missing in runs of one. */
  worldSize?: number;
  /** Digest of the training examples, including the curriculum's examples and length. */
  examples: string;
}

/** The order of a configuration and its data. Labels and folders of images do not count. */
export function exampleOrder(
  config: Pick<Config, 'batch_size_train' | 'accumulate_steps'>,
  plan: Pick<TrainingPlan, 'stages' | 'worldSize'>,
): ExampleOrder {
  return {
    batchSize: config.batch_size_train,
    accumulateSteps: config.accumulate_steps,
    ...(plan.worldSize > 1 && { worldSize: plan.worldSize }),
    examples: digestOf(
      plan.stages.map(({ name, firstEpoch, dataset }) => ({
        title: `${name} from epoch ${firstEpoch}`,
        dataset,
      })),
    ),
  };
}

/** Digest of the examples of some data sets, without labels and folders. */
export function examplesDigest(datasets: readonly Dataset[]): string {
  return digestOf(datasets.map((dataset) => ({ title: dataset.split, dataset })));
}

function digestOf(parts: readonly { title: string; dataset: Dataset }[]): string {
  const hash = createHash('sha256');
  for (const { title, dataset } of parts) {
    hash.update(`${title}\n`);
    for (const { sentence, images } of dataset.examples)
      hash.update(`${JSON.stringify([sentence, ...images.map((image) => basename(image))])}\n`);
  }
  return hash.digest('hex');
}

/** Checks that a run resumes with the order that it was started with. @throws {UserError} when it would not. */
export function requireSameOrder(
  started: ExampleOrder,
  now: ExampleOrder,
  folder: RunFolder,
): void {
  // With another number of processes, batch size and accumulation may change if a step has the same number of examples.
  const sameStep = stepExamples(started) === stepExamples(now);
  const changes = [
    ...(sameStep
      ? []
      : [
          ...changed('batch_size_train', started.batchSize, now.batchSize),
          ...changed('accumulate_steps', started.accumulateSteps, now.accumulateSteps),
        ]),
    ...(started.examples === now.examples
      ? []
      : [localize('different training examples (or a different curriculum)')]),
  ];
  if (changes.length === 0) return;
  throw new UserError(
    localize(
      'The run in {0} was started with {1} and cannot be resumed: its position in the data would refer to other examples. It was not changed.',
      folder.root,
      changes.reduce((before, next) => localize('{0}, and with {1}', before, next)),
    ),
    {
      hint: localize(
        'Resume with its original values ({0}), or start a new run from its weights: pretrained: {1}.',
        folder.config,
        folder.root,
      ),
    },
  );
}

/** Number of examples in an optimizer step. */
function stepExamples({ batchSize, accumulateSteps, worldSize = 1 }: ExampleOrder): number {
  return batchSize * accumulateSteps * worldSize;
}

function changed(key: string, started: number, now: number): LocalizedMessage[] {
  return started === now ? [] : [localize('{0} {1}, not {2}', key, started, now)];
}
