/** Data that change, or turn out to be damaged, between the check and the end of a training. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { SINGLE_PROCESS } from '../../src/distributed/processGroup';
import { findLibrary } from '../../src/runtime/library';
import { runTraining } from '../../src/train/runTraining';
import { eventsOf, tinyProject } from './tinyProject';

test('what was checked is trained, whatever is written to the annotations meanwhile', async () => {
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
