/** Why a program ended that did not get to say so: a crash in native code, or a kill. Judged from its last output. */
import { open } from 'node:fs/promises';
import { uptime } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { RunFolder } from '../runFolder';

/** How a process ended, where somebody saw it. */
export interface ProcessExit {
  /** Exit code, null when a signal ended it. */
  code: number | null;
  signal: string | null;
}

/**
 * `memory`: out of memory, in its own words. `restart`: the machine was restarted. `crash`: the native library crashed.
 * `killed`: ended from outside without a word, as the system does when memory runs out. `exit`: ended by itself.
 */
export type ExitCause = 'memory' | 'restart' | 'killed' | 'crash' | 'exit';

export interface ExitDiagnosis {
  cause: ExitCause;
  /** The line with the cause; null if there is none, as for a process that was killed. */
  evidence: string | null;
}

const TAIL_BYTES = 16 * 1024;
const LINES = 6;

/** In the order of what to believe: a crash that comes of too little memory is about memory. */
const tellingWords: readonly (readonly [ExitCause, RegExp])[] = [
  [
    'memory',
    /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|ResourceExhausted|bad_alloc|heap limit|cannot allocate memory|\bENOMEM\b/i,
  ],
  ['crash', /segmentation fault|core dumped|SIGSEGV|SIGABRT|Check failed:/i],
];

/**
 * Judges how a program ended that left no outcome.
 * @param folder the run folder
 * @param heartbeat when it was last known to live, ISO 8601
 * @param seen how it ended, and whether it ran before the machine was started last
 */
export async function diagnoseExit(
  folder: string,
  heartbeat: string,
  { ofEarlierBoot = false, ending }: { ofEarlierBoot?: boolean; ending?: ProcessExit } = {},
): Promise<ExitDiagnosis> {
  const tail = await readTail(new RunFolder(folder).trainerLog);
  const lines = cleanLines(tail).slice(-LINES);
  for (const [cause, words] of tellingWords) {
    const telling = lines.findLast((line) => words.test(line));
    if (telling !== undefined) return { cause, evidence: telling };
  }
  if (/^SIG(SEGV|ABRT|BUS|ILL|FPE)$/.test(ending?.signal ?? ''))
    return { cause: 'crash', evidence: null };
  if (ending) return { cause: ending.code === null ? 'killed' : 'exit', evidence: null };
  const restarted = ofEarlierBoot || Date.now() - uptime() * 1000 > Date.parse(heartbeat);
  return { cause: restarted ? 'restart' : 'killed', evidence: null };
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
