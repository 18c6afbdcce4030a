/** User-defined slices: a name and a regular expression, which is matched in a worker thread with a time limit. */
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { loadYaml } from '../config/document';
import { assetPath } from '../util/assets';
import { localize } from '../util/localize';
import { UserError, errnoOf, messageOf } from '../util/userError';
import { compilePattern, type MatchRequest } from './slicePattern';
import { builtInSlices } from './slices';

/** An element of the setting `nlvr.slices`, or of a file of `--slices`. */
export interface UserSlice {
  name: string;
  /** A JavaScript regular expression that matches anywhere in the sentence; case is ignored. */
  pattern: string;
}

/** Time limit of one pattern for all sentences; typical patterns need a few milliseconds for 100,000. */
const TIME_LIMIT_MS = 3000;
const MAX_SLICES = 50;
const MAX_NAME_LENGTH = 80;
const MAX_PATTERN_LENGTH = 1000;

/**
 * Reads a file with a list of slices, as JSON or YAML.
 * @throws {UserError} with the file, and the invalid element
 */
export async function readUserSlices(file: string): Promise<UserSlice[]> {
  let content: unknown;
  try {
    content = loadYaml(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new UserError(
      errnoOf(cause) === 'ENOENT'
        ? localize('The slices file {0} does not exist.', file)
        : localize('The slices file {0} cannot be read: {1}', file, messageOf(cause)),
      { cause },
    );
  }
  return checkUserSlices(content, file);
}

/**
 * Checks a list of slices.
 * @param source name of the file or setting, for messages
 * @throws {UserError} with the element and its problem
 */
export function checkUserSlices(content: unknown, source: string): UserSlice[] {
  const hint = localize('A slice has a name and a pattern, such as {0}.', example);
  if (!Array.isArray(content))
    throw new UserError(localize('{0}: expected a list of slices.', source), { hint });
  if (content.length > MAX_SLICES)
    throw new UserError(
      localize(
        '{0}: {1} slices are too many; at most {2} are allowed.',
        source,
        content.length,
        MAX_SLICES,
      ),
    );
  const names = new Set<string>();
  return content.map((element: unknown, i) => {
    const { name, pattern } = (
      typeof element === 'object' && element !== null ? element : {}
    ) as Partial<Record<keyof UserSlice, unknown>>;
    if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH)
      throw new UserError(
        localize(
          '{0}: slice {1} needs a name of 1 to {2} characters.',
          source,
          i + 1,
          MAX_NAME_LENGTH,
        ),
        { hint },
      );
    if (names.has(name))
      throw new UserError(localize('{0}: two slices are named {1}.', source, name));
    names.add(name);
    if (builtInSlices.some(({ slice }) => slice === name))
      throw new UserError(localize('{0}: {1} is the name of a built-in slice.', source, name));
    if (typeof pattern !== 'string' || pattern === '' || pattern.length > MAX_PATTERN_LENGTH)
      throw new UserError(
        localize(
          '{0}: slice {1} needs a pattern of 1 to {2} characters.',
          source,
          name,
          MAX_PATTERN_LENGTH,
        ),
        { hint },
      );
    try {
      compilePattern(pattern);
    } catch (cause) {
      throw new UserError(
        localize(
          '{0}: the pattern of slice {1} is not a valid regular expression: {2}',
          source,
          name,
          messageOf(cause),
        ),
        { hint, cause },
      );
    }
    return { name, pattern };
  });
}

const example = '{"name": "colors", "pattern": "\\\\b(red|blue|green)\\\\b"}';

/**
 * Matches sentences. A pattern with excessive backtracking only blocks the worker thread, which is then terminated.
 * @returns one byte per sentence, 1 if it matches
 * @throws {UserError} if it takes too long
 */
export async function matchSentences(
  { name, pattern }: UserSlice,
  sentences: readonly string[],
  timeLimit = TIME_LIMIT_MS,
): Promise<Uint8Array> {
  const request: MatchRequest = { pattern, sentences };
  const worker = new Worker(assetPath('slice-worker.js'), { workerData: request });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      // It exits without a result if something else terminates it.
      worker.once('exit', () => reject(new Error(`the worker of slice ${name} ended`)));
      // The time to start the thread does not count.
      worker.once('online', () => {
        timer = setTimeout(() => reject(tooSlow(name, timeLimit)), timeLimit);
      });
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function tooSlow(name: string, timeLimit: number): UserError {
  return new UserError(
    localize('The pattern of slice {0} takes longer than {1} seconds.', name, timeLimit / 1000),
    {
      hint: localize(
        'Avoid nested repetitions such as (a+)+, which cause catastrophic backtracking.',
      ),
    },
  );
}
