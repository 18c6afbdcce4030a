/** Checks the environment variables of docs/server.md: caches, a scratch disk, the path of TensorFlow. */
import { existsSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { featureFolder } from '../../src/train/data/featureCache';
import { findLibrary } from '../../src/runtime/install/library';
import { RunFolder } from '../../src/run/runFolder';
import type { RunRecord } from '../../src/run/record/runRecord';
import { nlvr, scratchFolder, tinyProject } from './tinyProject';

/** Runs a function with an environment variable. */
function withScratch<T>(folder: string | undefined, run: () => T): T {
  const before = process.env['NLVR_SCRATCH_DIR'];
  if (folder === undefined) delete process.env['NLVR_SCRATCH_DIR'];
  else process.env['NLVR_SCRATCH_DIR'] = folder;
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env['NLVR_SCRATCH_DIR'];
    else process.env['NLVR_SCRATCH_DIR'] = before;
  }
}

describe('NLVR_SCRATCH_DIR', () => {
  test('contains the features of images: the same folder after a resume, and a separate one for each rank', () => {
    const scratch = join(scratchFolder(), 'made');
    const record = { folder: new RunFolder('/runs/a'), info: { id: 'abc' } } as RunRecord;
    expect(withScratch(undefined, () => featureFolder(record, true))).toBe('/runs/a/.features');
    const place = (isMain: boolean) => withScratch(scratch, () => featureFolder(record, isMain));
    expect([place(true), place(true)]).toEqual(Array(2).fill(join(scratch, 'nlvr-features-abc')));
    const others = [place(false), place(false)];
    expect(new Set(others).size).toBe(2);
    for (const each of others) expect(dirname(each)).toBe(scratch);
  });

  test('contains resized images and no features after the run; a folder that cannot be created is refused', async () => {
    const project = await tinyProject({ cache_images: 'true', freeze_vit: 'true', max_epoch: '1' });
    const scratch = join(project.folder, 'scratch');
    const cache = join(project.folder, 'cache');
    const { directory } = await findLibrary();
    const env = { NLVR_SCRATCH_DIR: scratch, NLVR_CACHE_DIR: cache, NLVR_TF_DIR: directory };
    const trained = await nlvr(['train', '--config', project.config], { env });
    expect(trained.stderr).not.toContain('nlvr:');
    expect(trained.code).toBe(0);
    expect(readdirSync(scratch)).toEqual(['images']);
    expect(readdirSync(join(scratch, 'images'))).toHaveLength(1);
    expect(existsSync(join(project.run, '.features'))).toBe(false);
    expect(readdirSync(cache)).toContain('verified-images.txt');
    expect(readdirSync(cache)).not.toContain('images');

    const file = join(project.folder, 'file');
    writeFileSync(file, '');
    const args = ['train', '--config', project.config, '--overwrite'];
    const refused = await nlvr(args, { env: { ...env, NLVR_SCRATCH_DIR: join(file, 'x') } });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /The folder of NLVR_SCRATCH_DIR cannot be written to: .*ENOTDIR/,
    );
  });
});

test('NLVR_TF_DIR specifies the folder of an installed copy, which runtime status reports', async () => {
  const { directory } = await findLibrary();
  const { code, stdout } = await nlvr(['runtime', 'status'], {
    env: { NLVR_TF_DIR: dirname(directory) },
  });
  expect(code).toBe(0);
  expect(stdout).toContain('NLVR_TF_DIR');
  expect(stdout).toContain(realpathSync(directory));
});
