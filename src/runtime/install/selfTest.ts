/** Tests a library in another process, so that a crash of the library does not end this one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { assetPath } from '../../util/assets';
import { RuntimeUnusableError } from '../errors';
import type { Library } from './library';
import { checkVersion } from './versions';
import { localize, type MessageText } from '../../util/localize';

export interface SelfTestResult {
  /** TensorFlow's version. */
  version: string;
  /** Whether TensorFlow finds a GPU. */
  gpu: boolean;
}

const TIMEOUT_MS = 120_000;

/**
 * Loads the library, checks its version and multiplies two matrices with it.
 *
 * @throws RuntimeUnusableError with what failed and what to do
 */
export async function selfTest(library: Library): Promise<SelfTestResult> {
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)(
      process.execPath,
      [assetPath('runtime-self-test.js'), library.path],
      { timeout: TIMEOUT_MS, env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } },
    ));
  } catch (error) {
    throw new RuntimeUnusableError(
      localize('TensorFlow in {0} failed its self-test: {1}', library.directory, reasonOf(error)),
      { hint: hintFor(library), cause: error },
    );
  }
  const result = JSON.parse(stdout) as SelfTestResult;
  checkVersion(result.version, library.directory);
  return result;
}

function reasonOf(error: unknown): MessageText {
  const { signal, killed, stderr, message } = error as Error & {
    signal?: string;
    killed?: boolean;
    stderr?: string;
  };
  if (killed) return localize('it took longer than {0} seconds.', TIMEOUT_MS / 1000);
  if (signal === 'SIGILL')
    return localize('the processor lacks instructions that TensorFlow needs (AVX on x86-64).');
  if (signal) return localize('the process ended by {0}.', signal);
  const last = stderr?.trim().split('\n').at(-1);
  return last || message;
}

function hintFor(library: Library): MessageText {
  return localize(
    library.source === 'managed'
      ? 'Reinstall it: `nlvr runtime remove`, then `nlvr runtime install`.'
      : 'Install a separate copy for training with `nlvr runtime install`, and unset whatever selects this one.',
  );
}
