/** Data that changes, or is found to be damaged, during a training. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { SAMPLE_IMAGES } from '../../src/data/check/checkDataset';
import { SINGLE_PROCESS } from '../../src/distributed/processGroup';
import { findLibrary } from '../../src/runtime/install/library';
import { checkData } from '../../src/train/data/dataCheck';
import { runTraining } from '../../src/train/main';
import { eventsOf, tinyProject } from './tinyProject';

test('training uses the checked annotations, even if the file changes meanwhile', async () => {
  const { config, folder, run } = await tinyProject({ max_epoch: '1' });
  const outcome = await runTraining({
    group: SINGLE_PROCESS,
    loaded: loadConfig(config),
    library: await findLibrary(),
    mode: 'new',
    observe: () => undefined,
    checks: {
      onProgress: ({ phase }) => {
        if (phase !== 'images') return;
        const file = join(folder, 'train.json');
        const [first] = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
        writeFileSync(file, JSON.stringify([first]));
        writeFileSync(join(folder, 'val.json'), 'no annotations');
      },
    },
  });
  expect(outcome?.state).toBe('finished');
  const start = eventsOf(run).find((event) => event.type === 'start');
  expect(start).toMatchObject({ examples: { train: 24, val: 10, test: 6 } });
});

test('images beyond the sample are checked during the training, and a damaged one is reported', async () => {
  const { config, folder, run } = await tinyProject({ max_epoch: '1', eval_test: 'false' });
  const image = (index: number): string => `many-${index}.png`;
  const examples = Array.from({ length: SAMPLE_IMAGES }, (_, index) => {
    copyFileSync(join(folder, 'images', 'red-20.png'), join(folder, 'images', image(index)));
    const identifier = `test-${index}-0-0`;
    return { identifier, sentence: 'red', label: 'True', images: [image(index), 'red-20.png'] };
  });
  writeFileSync(join(folder, 'test.json'), JSON.stringify(examples, null, 1));
  const loaded = loadConfig(config);
  const { unchecked } = await checkData(loaded, {}, 'sample');
  expect(unchecked).toHaveLength(examples.length + 6 - SAMPLE_IMAGES);
  const damaged = unchecked.find((file) => file.includes('many')) ?? '';
  writeFileSync(damaged, 'no picture');
  const codes = async (depth: 'sample' | 'decode'): Promise<string[]> =>
    (await checkData(loaded, {}, depth)).problems.map(({ code }) => code);
  expect(await codes('sample')).not.toContain('unreadable-image');
  expect(await codes('decode')).toContain('unreadable-image');

  // The training starts and fails when it reaches the image: in the last evaluation.
  const training = runTraining({
    group: SINGLE_PROCESS,
    loaded,
    library: await findLibrary(),
    mode: 'new',
    observe: () => undefined,
  });
  await expect(training).rejects.toThrow(/many-/);
  const notes = eventsOf(run).filter((event) => event.type === 'note');
  const found = notes.filter(({ code }) => code === 'data-unreadable-image');
  expect(found).toEqual([expect.objectContaining({ level: 'error', step: 0 })]);
  expect(found[0]).toMatchObject({
    message: expect.stringMatching(/test\.json:\d+: 1 image/) as string,
  });
  const { problems } = JSON.parse(readFileSync(join(run, 'problems.json'), 'utf8')) as {
    problems: object[];
  };
  expect(problems[0]).toMatchObject({
    severity: 'error',
    code: 'unreadable-image',
    file: join(folder, 'test.json'),
    split: 'test',
  });
  expect(existsSync(join(run, 'checkpoint_last', 'trainer.json'))).toBe(true);
});
