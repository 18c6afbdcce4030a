/** Trainers on hosts of their own, as far as one machine can have them. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { withFault } from './support';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
export const mayUnshare =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--pid', '--uts', '--fork', '--mount-proc', 'true']).status === 0;

/** A trainer on a host of its own, whose disk has no hard links. */
export function elsewhere(args: readonly string[]): { child: ChildProcess; said: () => string } {
  const space = ['--pid', '--uts', '--fork', '--mount-proc', '--kill-child'];
  const script = 'hostname elsewhere; exec "$@"';
  const child = spawn(
    'unshare',
    [...space, 'sh', '-c', script, 'sh', process.execPath, cli, ...args],
    {
      env: { ...process.env, ...withFault({ noLinks: true }) },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return { child, said: () => stderr };
}
