// Common steps of `npm start`, `npm test` and others: running programs, installing dependencies once.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a program with the input and output of this terminal; resolves to its exit code. Ctrl-C reaches it directly. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    // A terminal also sends these signals to the child: wait until it has saved and ended.
    const wait = () => {};
    const pass = () => child.kill('SIGTERM');
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP']) process.on(signal, wait);
    process.on('SIGTERM', pass);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const each of ['SIGINT', 'SIGQUIT', 'SIGHUP']) process.off(each, wait);
      process.off('SIGTERM', pass);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

/** Runs a step that must succeed; otherwise ends this script with its exit code. */
export async function must(what, command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) {
    if (code !== 130) console.error(`\n${what} failed (exit code ${code}).`);
    process.exit(code);
  }
}

/** Runs `npm ci`, unless node_modules matches package-lock.json. */
export async function installDependencies() {
  const stamp = join(root, 'node_modules', '.nlvr-lock-hash');
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  await must('Installing the dependencies', 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  writeFileSync(stamp, hash);
}

export const build = (...flags) =>
  must('Building', process.execPath, ['scripts/build.mjs', '--quiet', ...flags]);

/** Installs TensorFlow's libraries for the trainer if necessary. */
export const installRuntime = () =>
  must('Installing the TensorFlow runtime', process.execPath, [
    'dist/cli.js',
    'runtime',
    'install',
  ]);

/** Installs PyTorch for the tests of examples/python if it is not in the cache. */
export const installPytorch = () =>
  must('Installing PyTorch', process.execPath, ['scripts/testTools.mjs', '--only', 'pytorch']);
