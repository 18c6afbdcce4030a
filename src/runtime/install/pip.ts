/** Downloads wheels with the user's pip, which is configured for their proxies, mirrors and certificates. */
import { execFile, spawn } from 'node:child_process';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InstallError } from '../errors';
import type { Wheel } from './wheels';
import { localize } from '../../util/localize';

const COMMANDS: readonly (readonly string[])[] = [
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['pip3'],
  ['pip'],
];
const POLL_MS = 500;
/** Length of pip's output in an error. */
const TAIL_CHARACTERS = 1500;

/** Finds the first pip that runs. @throws InstallError when there is none */
export async function findPip(env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  for (const command of COMMANDS) {
    const [program = '', ...args] = command;
    try {
      await promisify(execFile)(program, [...args, '--version'], { env, timeout: 30_000 });
      return command;
    } catch {
      // Try the next one.
    }
  }
  throw new InstallError(
    localize('No pip was found (tried python3 -m pip, python -m pip, pip3 and pip).'),
    {
      hint: localize(
        "Install Python's pip, or download the wheel elsewhere and specify it: `nlvr runtime install --wheel <file>`. Python is used only for this download.",
      ),
    },
  );
}

export interface DownloadOptions {
  pip: readonly string[];
  env: NodeJS.ProcessEnv;
  signal: AbortSignal | undefined;
  /** Called with the bytes on disk so far. */
  onBytes: (bytes: number) => void;
}

/**
 * Downloads one wheel.
 *
 * @param folder folder to create for the wheel and pip's temporary files
 * @returns the wheel's path
 * @throws InstallError with the end of pip's output
 */
export async function downloadWheel(
  wheel: Wheel,
  folder: string,
  { pip, env, signal, onBytes }: DownloadOptions,
): Promise<string> {
  const target = join(folder, 'wheel');
  const temporary = join(folder, 'tmp');
  await mkdir(target, { recursive: true });
  await mkdir(temporary, { recursive: true });
  const [program = '', ...pipArgs] = pip;
  const args = [
    ...pipArgs,
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--python-version=3.12',
    '--implementation=cp',
    ...wheel.platforms.map((platform) => `--platform=${platform}`),
    '--no-cache-dir',
    '--no-input',
    '--disable-pip-version-check',
    '--progress-bar=off',
    `--dest=${target}`,
    `${wheel.project}==${wheel.version}`,
  ];
  // pip before version 24.1 has no machine-readable progress, so the sizes of its files are read.
  const poll = setInterval(() => {
    void folderSize(temporary).then(async (bytes) => {
      onBytes(Math.min(Math.max(bytes, await folderSize(target)), wheel.bytes));
    });
  }, POLL_MS);
  try {
    await runPip(program, args, { ...env, TMPDIR: temporary }, signal);
  } finally {
    clearInterval(poll);
  }
  const [file] = (await readdir(target)).filter((name) => name.endsWith('.whl'));
  if (!file) throw new InstallError(localize('pip downloaded no wheel of {0}.', wheel.project));
  onBytes(wheel.bytes);
  return join(target, file);
}

function runPip(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let tail = '';
    const collect = (chunk: Buffer): void => {
      tail = (tail + chunk.toString('utf8')).slice(-TAIL_CHARACTERS);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    let failure: Error | undefined;
    // An abort is reported before the process has ended, while it still writes its files: wait for `close`.
    child.on('error', (error) => {
      failure = error;
      if (child.pid === undefined) reject(error);
    });
    child.on('close', (code) => {
      if (failure) reject(failure);
      // Ctrl-C also reaches pip, which may end first.
      else if (signal?.aborted) reject(new DOMException('The install was stopped.', 'AbortError'));
      else if (code === 0) resolve();
      else
        reject(
          new InstallError(
            localize(
              'pip could not download the wheel (exit code {0}):\n{1}',
              String(code),
              tail.trim(),
            ),
            {
              hint: localize(
                'Check the network, the proxy and the package index that pip is configured for. Or download the wheel elsewhere and specify it: `nlvr runtime install --wheel <file>`.',
              ),
            },
          ),
        );
    });
  });
}

/** Size of all files in a folder; files that disappear meanwhile count as 0. */
export async function folderSize(folder: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const info = await lstat(path).catch(() => undefined);
    if (info?.isDirectory()) total += await folderSize(path);
    else total += info?.size ?? 0;
  }
  return total;
}
