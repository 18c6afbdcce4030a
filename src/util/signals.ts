/**
 * What signals mean to the command line program, for all commands:
 *
 * | signal          | meaning                                                                                        |
 * | --------------- | ---------------------------------------------------------------------------------------------- |
 * | INT, TERM, QUIT | finish the step, save and stop; again, over a second later, ends the process immediately       |
 * | HUP             | the same where a terminal was lost; ignored where none of the three streams is a terminal       |
 * | USR1, USR2      | save and continue (Slurm's warning before the time limit)                                       |
 * | PIPE            | nothing: output that nobody reads is dropped                                                   |
 *
 * A command that has nothing to save is ended by INT, TERM and QUIT as any program.
 */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ExitCode, errnoOf, messageOf } from './userError';

/** npm, `timeout` and a closing terminal send the same request several times at once. */
export const SAME_REQUEST_MS = 1000;

/** Signals that ask to save and continue. */
export const SAVE_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const;

export interface SignalHooks {
  /** USR1 or USR2. */
  onSave?: () => void;
  /** Whether a hang-up is a terminal that was lost. */
  hasTerminal?: boolean;
}

/**
 * Aborts `controller` when a signal asks to stop. A second request ends the process immediately with exit code 130,
 * but never a hang-up: a closing terminal sends several.
 * @returns the function that stops listening.
 */
export function stopOnSignals(
  controller: AbortController,
  { onSave, hasTerminal: mayHangUp = hasTerminal() }: SignalHooks = {},
): () => void {
  let asked = -Infinity;
  const stop = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      asked = performance.now();
      controller.abort();
    } else if (signal !== 'SIGHUP' && performance.now() - asked > SAME_REQUEST_MS)
      process.exit(ExitCode.stopped);
  };
  const stopping: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGQUIT'];
  if (mayHangUp) stopping.push('SIGHUP');
  for (const signal of stopping) process.on(signal, stop);
  if (onSave) for (const signal of SAVE_SIGNALS) process.on(signal, onSave);
  return () => {
    for (const signal of stopping) process.off(signal, stop);
    if (onSave) for (const signal of SAVE_SIGNALS) process.off(signal, onSave);
  };
}

/**
 * What holds from the start of the program to its end. Node opens a debugger's port at SIGUSR1 unless somebody
 * listens, and un-ignores the hang-up that `nohup` ignores.
 */
export function ignoreStraySignals(): void {
  const nothing = (): void => undefined;
  for (const signal of SAVE_SIGNALS) process.on(signal, nothing);
  if (hasTerminal()) process.on('exit', forgetLostTerminals);
  else process.on('SIGHUP', nothing);
  // Node ignores SIGPIPE itself; a write then fails with EPIPE.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: unknown) => {
      if (isClosed(error) || process.exitCode !== undefined) return;
      process.exitCode = ExitCode.badInput;
      if (stream === process.stdout)
        process.stderr.write(`nlvr: the output cannot be written: ${messageOf(error)}\n`);
    });
}

/** Node restores a terminal's settings at its end, and aborts where the terminal is gone: it must not find it. */
function forgetLostTerminals(): void {
  for (const fd of TERMINALS) {
    if (isatty(fd)) continue;
    try {
      closeSync(fd);
      // The lowest free number is taken, which is this one.
      openSync('/dev/null', 'r+');
    } catch {
      // Then it is as it was.
    }
  }
}

/** Found at the start: a terminal that is lost is none any more. */
const TERMINALS: readonly number[] = [0, 1, 2].filter((fd) => isatty(fd));

/** Whether one of the standard streams was a terminal when the program started, which may be lost. */
export function hasTerminal(): boolean {
  return TERMINALS.length > 0;
}

/** Nobody reads any more: the reader of a pipe ended, or the terminal was closed. */
function isClosed(error: unknown): boolean {
  return ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(errnoOf(error) ?? '');
}
