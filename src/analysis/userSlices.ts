/** Slices that users define: a name and a regular expression, matched apart from this thread and within a time limit. */
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { loadYaml } from '../config/document';
import { assetPath } from '../util/assets';
import { localize } from '../util/localize';
import { UserError, errnoOf, messageOf } from '../util/userError';
import { compilePattern, type MatchRequest } from './slicePattern';
import { builtInSlices } from './slices';

/** As an element of the setting `nlvr.slices`, or of a file of `--slices`. */
export interface UserSlice {
  name: string;
  /** A JavaScript regular expression, matched anywhere in the sentence without regard to case. */
  pattern: string;
}

/** How long all sentences may take with one pattern, in milliseconds; sound ones need a few for 100,000. */
const TIME_LIMIT_MS = 3000;
const MOST_SLICES = 50;
const LONGEST_NAME = 80;
const LONGEST_PATTERN = 1000;

/**
 * Reads a file with a list of slices, as JSON or YAML.
 * @throws {UserError} naming the file, and the element that is wrong.
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
 * @param source name of their place, for messages.
 * @throws {UserError} naming the element and what is wrong with it.
 */
export function checkUserSlices(content: unknown, source: string): UserSlice[] {
  const hint = localize('A slice has a name and a pattern, such as {0}.', example);
  if (!Array.isArray(content))
    throw new UserError(localize('{0}: expected a list of slices.', source), { hint });
  if (content.length > MOST_SLICES)
    throw new UserError(
      localize(
        '{0}: {1} slices are too many; at most {2} are allowed.',
        source,
        content.length,
        MOST_SLICES,
      ),
    );
  const names = new Set<string>();
  return content.map((element: unknown, i) => {
    const { name, pattern } = (
      typeof element === 'object' && element !== null ? element : {}
    ) as Partial<Record<keyof UserSlice, unknown>>;
    if (typeof name !== 'string' || name.trim() === '' || name.length > LONGEST_NAME)
      throw new UserError(
        localize(
          '{0}: slice {1} needs a name of 1 to {2} characters.',
          source,
          i + 1,
          LONGEST_NAME,
        ),
        { hint },
      );
    if (names.has(name))
      throw new UserError(localize('{0}: two slices are named {1}.', source, name));
    names.add(name);
    if (builtInSlices.some(({ slice }) => slice === name))
      throw new UserError(localize('{0}: {1} is the name of a built-in slice.', source, name));
    if (typeof pattern !== 'string' || pattern === '' || pattern.length > LONGEST_PATTERN)
      throw new UserError(
        localize(
          '{0}: slice {1} needs a pattern of 1 to {2} characters.',
          source,
          name,
          LONGEST_PATTERN,
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

const example = '{"name": "colours", "pattern": "\\\\b(red|blue|green)\\\\b"}';

/**
 * Which sentences match. A pattern that backtracks without end holds up a worker thread alone, which is ended then.
 * @returns one byte a sentence, 1 where it matches.
 * @throws {UserError} when it takes too long.
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
      // It ends before it answers when something else ends it.
      worker.once('exit', () => reject(new Error(`the worker of slice ${name} ended`)));
      // The time that a thread takes to start is not the pattern's.
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
