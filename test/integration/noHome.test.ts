/** Containers with a random user id: without a home folder, or with a read-only one. Only downloads need a home folder. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { findLibrary } from '../../src/runtime/install/library';
import { eventsOf, nlvr, tinyProject, type Outcome } from './tinyProject';

describe.each([
  // As if neither HOME nor the user database contains a folder.
  ['no home folder', '', /no home folder to keep downloads in\. Set NLVR_CACHE_DIR to a folder/],
  ['a home that cannot be written', '/dev/null', /cannot be written to: .*Set NLVR_CACHE_DIR to/],
])('with %s', (_what, HOME, words) => {
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const { directory } = await findLibrary();
    env = { HOME, XDG_CACHE_HOME: '', NLVR_CACHE_DIR: '', NLVR_TF_DIR: directory };
  });

  function expectDone({ code, stderr }: Outcome): void {
    expect([code, stderr]).toEqual([0, '']);
  }

  test('everything works that does not download', async () => {
    // Without Python, which is only needed to download TensorFlow.
    const bare = { env: { ...env, PATH: '/nowhere' } };
    const { config, run, folder } = await tinyProject({ max_epoch: '1', cache_images: 'true' });
    expectDone(await nlvr(['check', '--config', config], bare));
    expectDone(await nlvr(['train', '--config', config], bare));
    const notes = eventsOf(run).flatMap((event) => (event.type === 'note' ? [event.code] : []));
    expect(notes).toContain('no-cache-folder');
    const image = join(folder, 'images', 'red-20.png');
    const question = ['--left', image, '--right', image, '--sentence', 'red'];
    expectDone(await nlvr(['predict', '--config', config, '--checkpoint', run, ...question], bare));
  });

  test('downloads report in one sentence what to set', async () => {
    const install = await nlvr(['runtime', 'install', '--gpu'], { env });
    expect([install.code, install.stderr]).toEqual([2, expect.stringMatching(words)]);
    const { config, run } = await tinyProject({ pretrained: 'https://127.0.0.1:1/model.pth' });
    const train = await nlvr(['train', '--config', config, '--output_dir', run], { env });
    expect([train.code, train.stderr]).toEqual([2, expect.stringMatching(words)]);
    expect(`${install.stderr}${train.stderr}`).not.toMatch(/output_dir|\n\s+at |uv_os/);
  });
});
