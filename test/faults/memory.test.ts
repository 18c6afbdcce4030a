/** An address space that is too small, as `ulimit -v` sets it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tinyProject } from '../integration/tinyProject';
import { addRow, randomized } from './support';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

test('an address space that is too small is reported as such', async () => {
  const project = await tinyProject(randomized);
  // Node's own start takes about a gigabyte of addresses; TensorFlow does not fit in the rest.
  const script = 'ulimit -v 2500000; exec "$@"';
  const program = [process.execPath, cli, 'train', '--config', project.config];
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...program], {
    encoding: 'utf8',
  });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/memory|allocat/i);
  addRow('address space limit (ulimit -v)', 1, 1, 'nothing was begun');
}, 120_000);
