/** Simulates trainers on other hosts with namespaces. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { killWhenFinished } from '../integration/tinyProject';
import { withFault } from './support';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
export const canUnshare =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--pid', '--uts', '--fork', '--mount-proc', 'true']).status === 0;

/** Starts a trainer on a simulated host whose disk has no hard links. */
export function startOnOtherHost(args: readonly string[]): {
  child: ChildProcess;
  stderr: () => string;
} {
  const space = ['--pid', '--uts', '--fork', '--mount-proc', '--kill-child'];
  const script = 'hostname other-host; exec "$@"';
  const child = spawn(
    'unshare',
    [...space, 'sh', '-c', script, 'sh', process.execPath, cli, ...args],
    {
      env: { ...process.env, ...withFault({ noLinks: true }) },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  killWhenFinished(child);
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return { child, stderr: () => stderr };
}
