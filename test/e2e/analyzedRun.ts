import { readFileSync, writeFileSync } from 'node:fs';
import {
  ROBUSTNESS_TESTS,
  robustnessNumbers,
  type RobustnessAnswers,
} from '../../src/analysis/robustness';
import { writeRobustness } from '../../src/analysis/robustnessFile';
import type { Example } from '../../src/data/types';
import type { Prediction } from '../../src/run/predictions';
import { RunFolder } from '../../src/run/runFolder';
import { syntheticRun, type SyntheticRunOptions } from './syntheticRun';

/**
 * Writes a run whose model counts badly: in addition to its other mistakes, it answers one of three counting sentences
 * wrongly. It contradicts one of twenty labels with high confidence in every epoch.
 * @returns its predictions of the newest epoch
 */
export async function runWithCountingErrors(
  folder: string,
  options: SyntheticRunOptions = {},
): Promise<Prediction[]> {
  const { predictionFiles } = await syntheticRun(folder, {
    predictions: 600,
    epochs: 4,
    predictedEpochs: 3,
    ...options,
  });
  let newest: Prediction[] = [];
  for (const file of predictionFiles) {
    const predictions = readFileSync(file, 'utf8').trimEnd().split('\n');
    newest = predictions.map((line, i) => {
      const each = JSON.parse(line) as Prediction;
      if (i % 20 === 7) return answered(each, each.label === true ? 0.03 : 0.97);
      return each.group === 'counting' && i % 3 === 0
        ? answered(each, each.label === true ? 0.2 : 0.8)
        : each;
    });
    writeFileSync(file, newest.map((each) => `${JSON.stringify(each)}\n`).join(''));
  }
  return newest;
}

function answered(example: Prediction, probTrue: number): Prediction {
  const half = Math.log(probTrue / (1 - probTrue)) / 2;
  return { ...example, prediction: probTrue > 0.5, prob_true: probTrue, logits: [-half, half] };
}

/**
 * Stores the robustness result of a model that always answers True without images, and whose answer to three examples
 * changes when images and left/right are swapped.
 */
export function storeRobustness(run: string, predictions: readonly Prediction[]): void {
  const examples = predictions.map((each, index): Example => ({
    ...{ index, identifier: each.identifier, sentence: each.sentence, images: each.images },
    ...{ label: each.label, consistencyGroup: null, group: null, line: 1 },
  }));
  const original = Float32Array.from(predictions.flatMap(({ logits }) => logits));
  const answers = Object.fromEntries(
    ['original', ...ROBUSTNESS_TESTS].map((test) => [test, original.slice()]),
  ) as RobustnessAnswers;
  answers['no images'].forEach((_, i, all) => (all[i] = i % 2));
  for (const i of [3, 30, 300]) {
    const [no, yes] = predictions[i].logits;
    answers.exchanged.set([yes, no], 2 * i);
  }
  writeRobustness(new RunFolder(run), {
    ...{ version: 1, created: new Date().toISOString(), run: null, epoch: null, step: null },
    ...{ split: 'val', checkpoint: 'checkpoint_best.safetensors', limit: null },
    ...{ splitExamples: predictions.length, device: 'CPU', precision: 'fp32', seconds: 1 },
    ...robustnessNumbers(examples, answers),
  });
}
