/** Real sentences and images, from the official files to the official metrics. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { measure } from '../../src/analysis/metrics';
import { metricsOf, predictionsOf, succeed } from './cliSupport';
import { sharedFolder, tinyProject, type TinyProject } from './tinyProject';

const data = join(import.meta.dirname, '..', 'data', 'nlvr1');
const annotations = readFileSync(join(data, 'dev.json'), 'utf8');
const folder = sharedFolder();
let project: TinyProject;

interface Sentence {
  identifier: string;
  label: string;
}

/**
 * The official script's numbers (nlvr1/eval): every sentence has six predictions, one for each order of its boxes;
 * consistent is a number (the identifier before its first dash) all of whose predictions are right.
 * @param predictions the official file: lines `dev-<identifier>-<k>.png,true`.
 */
function officialNlvr1(
  predictions: string,
  annotations: string,
): { accuracy: number; consistency: number } {
  const answers = new Map(
    predictions
      .trim()
      .split('\n')
      .map((line) => line.split(',') as [string, string]),
  );
  const sentences = annotations
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sentence);
  expect(answers.size).toBe(6 * sentences.length);
  let correct = 0;
  const consistent = new Map<string, boolean>();
  for (const { identifier, label } of sentences)
    for (let k = 0; k < 6; k++) {
      const number = identifier.split('-')[0];
      if (!consistent.has(number)) consistent.set(number, true);
      if (answers.get(`dev-${identifier}-${k}.png`) === label.toLowerCase()) correct++;
      else consistent.set(number, false);
    }
  return {
    accuracy: correct / (6 * sentences.length),
    consistency: [...consistent.values()].filter(Boolean).length / consistent.size,
  };
}

/** Predictions in the format of the official script. */
function officialFile(answers: readonly { identifier: string; prediction: boolean }[]): string {
  return answers
    .map(({ identifier, prediction }) => `dev-${identifier}.png,${prediction}\n`)
    .join('');
}

beforeAll(async () => {
  project = await tinyProject(
    {
      image_root: data,
      ann_root: data,
      ann_files: '{train: dev.json, val: dev.json, test: ""}',
      batch_size_test: '32',
      max_epoch: '1',
      // So that the predictions are not all equal, which would not distinguish the definitions.
      precision: 'fp32',
      init_std: '0.5',
      init_lr: '1e-4',
    },
    { train: 0, val: 0, test: 0 },
    folder,
  );
});

test('has no problems, except that one file is used for two splits', async () => {
  const { problems, splits } = JSON.parse(
    await succeed('check', '--config', project.config, '--json'),
  ) as { problems: { severity: string; code: string }[]; splits: Record<string, object> };
  expect(problems.filter(({ severity }) => severity !== 'information')).toMatchObject([
    { severity: 'warning', code: 'same-file' },
  ]);
  expect(splits['val']).toMatchObject({ examples: 120, sentences: 6, images: 120 });
});

test('an epoch, an evaluation, and the numbers of the official script', async () => {
  expect(await succeed('train', '--config', project.config)).toMatch(
    /Warning: .*the train and val splits are the same file/i,
  );
  const to = join(folder, 'evaluated');
  await succeed(
    ...['evaluate', '--config', project.config, '--checkpoint', project.run],
    ...['--output_dir', to],
  );
  const lines = predictionsOf(to, 'val');
  const metrics = metricsOf(to);
  // There is no test split to evaluate.
  expect(Object.keys(metrics)).toEqual(['val']);
  const { accuracy, consistency } = metrics['val'];
  expect({ accuracy, consistency }).toEqual(officialNlvr1(officialFile(lines), annotations));
  expect(new Set(lines.map(({ prediction }) => prediction)).size).toBe(2);
});

test('the same numbers for mostly correct answers', async () => {
  const { examples } = await loadDataset(join(data, 'dev.json'), 'val', {
    format: 'auto',
    imageRoot: data,
  });
  const logits = new Float32Array(2 * examples.length);
  // Every 23rd answer wrong, and unlabeled ones do not occur.
  examples.forEach(({ label }, i) => (logits[2 * i + (label === i % 23 > 0 ? 1 : 0)] = 1));
  const { accuracy, consistency } = measure(examples, logits);
  expect(consistency).toBeGreaterThan(0);
  const answers = examples.map(({ identifier }, i) => ({
    identifier,
    prediction: logits[2 * i + 1] === 1,
  }));
  expect({ accuracy, consistency }).toEqual(officialNlvr1(officialFile(answers), annotations));
});
