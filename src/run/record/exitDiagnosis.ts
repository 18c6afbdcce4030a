/** Diagnoses why a process ended without an outcome (crash in native code, kill) from its last output. */
import { open } from 'node:fs/promises';
import { uptime } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { RunFolder } from '../runFolder';

/** Exit status of a process, if its parent observed it. */
export interface ProcessExit {
  /** Exit code, null when a signal ended it. */
  code: number | null;
  signal: string | null;
}

/**
 * `memory`: out of memory, according to its output. `restart`: the machine was restarted. `crash`: the native library
 * crashed. `killed`: ended by another process, such as the system when memory runs out. `exit`: exited by itself.
 */
export type ExitCause = 'memory' | 'restart' | 'killed' | 'crash' | 'exit';

export interface ExitDiagnosis {
  cause: ExitCause;
  /** The line of the output with the cause; null if there is none, as for a killed process. */
  evidence: string | null;
}

const TAIL_BYTES = 16 * 1024;
const LINES = 6;

/** Patterns in order of precedence: a crash because of insufficient memory counts as `memory`. */
const causePatterns: readonly (readonly [ExitCause, RegExp])[] = [
  [
    'memory',
    /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|ResourceExhausted|bad_alloc|heap limit|cannot allocate memory|\bENOMEM\b/i,
  ],
  ['crash', /segmentation fault|core dumped|SIGSEGV|SIGABRT|Check failed:/i],
];

/**
 * Diagnoses why a process ended without an outcome.
 * @param folder run folder
 * @param heartbeat time of the last heartbeat, ISO 8601
 * @param ending exit status, and whether the process ran before the last boot
 */
export async function diagnoseExit(
  folder: string,
  heartbeat: string,
  { ofEarlierBoot = false, ending }: { ofEarlierBoot?: boolean; ending?: ProcessExit } = {},
): Promise<ExitDiagnosis> {
  const tail = await readTail(new RunFolder(folder).trainerLog);
  const lines = cleanLines(tail).slice(-LINES);
  for (const [cause, pattern] of causePatterns) {
    const evidence = lines.findLast((line) => pattern.test(line));
    if (evidence !== undefined) return { cause, evidence: evidence };
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

/** Splits output into lines as a terminal shows them: without colors, and only the last state of a redrawn line. */
function cleanLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trimEnd().split('\r').at(-1)?.trim() ?? '')
    .filter((line) => line !== '');
}
