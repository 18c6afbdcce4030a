/** Why a trainer ended that did not get to say so in `run.json`: judged from its exit and its last words. */
import { open } from 'node:fs/promises';
import { uptime } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { RunFolder } from './runFolder';

export interface Ending {
  /** Exit code, null when a signal ended it. */
  code: number | null;
  signal: string | null;
}

/**
 * `memory`: out of memory, in its own words. `runtime`: no TensorFlow library, or one that does not work. `input`: the configuration or
 * the data. `nan`: the loss was not finite. `restart`: the machine was restarted. `killed`: ended from outside
 * without a word, as the system does when memory runs out. `crash`: the native library crashed. `unknown`: anything else.
 */
export type Cause =
  'memory' | 'runtime' | 'input' | 'nan' | 'restart' | 'killed' | 'crash' | 'unknown';

export interface LastWords {
  cause: Cause;
  /** The last lines of `trainer.log` that say something, oldest first; none when it said nothing. */
  lines: string[];
  /** The line that tells the cause; null when none does, as for a process that was killed. */
  telling: string | null;
}

const TAIL_BYTES = 16 * 1024;
const LINES = 6;

/** In the order of what to believe: a crash that comes of too little memory is about memory. */
const tellingWords: readonly (readonly [Cause, RegExp])[] = [
  [
    'memory',
    /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|ResourceExhausted|bad_alloc|heap limit|cannot allocate memory|\bENOMEM\b/i,
  ],
  [
    'runtime',
    /libtensorflow|TensorFlow (library|runtime) (is |was )?(missing|not found|not installed|broken)|nlvr runtime install/i,
  ],
  ['nan', /loss (is|was|became) (not finite|-?nan|-?infinit)|non-finite loss|training diverged/i],
  ['crash', /segmentation fault|core dumped|SIGSEGV|SIGABRT|Check failed:/i],
];

/**
 * Judges how a run that did not end properly ended.
 * @param folder the run folder
 * @param ending how the process ended, where the caller saw it
 * @param heartbeat when the run was last known to live, ISO 8601
 */
export async function lastWords(
  folder: string,
  ending: Ending | undefined,
  heartbeat: string,
): Promise<LastWords> {
  const tail = await readTail(new RunFolder(folder).trainerLog);
  const lines = cleanLines(tail).slice(-LINES);
  for (const [cause, words] of tellingWords) {
    const telling = lines.findLast((line) => words.test(line));
    if (telling !== undefined) return { cause, lines, telling };
  }
  const cause = silentCause(ending, heartbeat);
  const spoke = cause === 'runtime' || cause === 'input' || cause === 'unknown';
  return { cause, lines, telling: spoke ? (lines.at(-1) ?? null) : null };
}

/** Judged from the exit alone. */
function silentCause(ending: Ending | undefined, heartbeat: string): Cause {
  if (ending?.code === 3) return 'runtime';
  if (ending?.code === 2) return 'input';
  if (/^SIG(SEGV|ABRT|BUS|ILL|FPE)$/.test(ending?.signal ?? '')) return 'crash';
  // 137 is 128 + SIGKILL, as a shell or a container says it.
  if (ending?.signal === 'SIGKILL' || ending?.code === 137) return 'killed';
  if (Date.now() - uptime() * 1000 > Date.parse(heartbeat)) return 'restart';
  return ending === undefined || ending.signal !== null ? 'killed' : 'unknown';
}

async function readTail(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const start = Math.max(0, size - TAIL_BYTES);
      const buffer = Buffer.alloc(size - start);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}

/** Lines as a terminal would leave them: without colours, and of a redrawn line only the last drawing. */
function cleanLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trimEnd().split('\r').at(-1)?.trim() ?? '')
    .filter((line) => line !== '');
}
