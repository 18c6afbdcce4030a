import { readFileSync, writeFileSync } from 'node:fs';
import type { Prediction } from '../../src/run/predictions';
import { syntheticRun, type SyntheticRunOptions } from './syntheticRun';

/**
 * A run whose model counts badly: of three sentences that count, it answers one wrongly on top of its other mistakes. A
 * twentieth of all labels is contradicted surely in every epoch.
 * @returns its predictions of the newest epoch
 */
export async function countingBadly(
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
