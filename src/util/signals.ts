/**
 * Meaning of signals for all commands of the command line program:
 *
 * | signal          | meaning                                                                                        |
 * | --------------- | ---------------------------------------------------------------------------------------------- |
 * | INT, TERM, QUIT | finish the step, save and stop; again, over a second later, ends the process immediately       |
 * | HUP             | save and stop if a terminal was lost, repeated or not; ignored without a terminal               |
 * | USR1, USR2      | save and continue (Slurm's warning before the time limit)                                       |
 * | PIPE            | ignored: output without a reader is discarded                                                  |
 *
 * INT, TERM and QUIT end a command that has nothing to save immediately, as usual.
 */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ExitCode, errnoOf, messageOf } from './userError';

/** Signals within this time are one request: npm, `timeout` and a closing terminal send several at once. */
export const SAME_REQUEST_MS = 1000;

/** Signals that request a save without stopping. */
export const SAVE_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const;

export interface SignalHooks {
  /** Called on USR1 and USR2. */
  onSave?: () => void;
  /** Whether SIGHUP means that a terminal was lost. */
  hasTerminal?: boolean;
}

/**
 * Aborts `controller` when a signal requests a stop. A second request ends the process immediately with exit code 130,
 * except for SIGHUP, which a closing terminal sends several times.
 * @returns a function that removes the listeners
 */
export function stopOnSignals(
  controller: AbortController,
  { onSave, hasTerminal: mayHangUp = hasTerminal() }: SignalHooks = {},
): () => void {
  let requestedAt = -Infinity;
  const stop = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      requestedAt = performance.now();
      controller.abort();
    } else if (signal !== 'SIGHUP' && performance.now() - requestedAt > SAME_REQUEST_MS)
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
 * Installs the handlers for the lifetime of the program. Without a listener, Node opens a debugger port on SIGUSR1 and
 * no longer ignores the SIGHUP that `nohup` ignores.
 */
export function ignoreStraySignals(): void {
  const nothing = (): void => undefined;
  for (const signal of SAVE_SIGNALS) process.on(signal, nothing);
  if (hasTerminal()) process.on('exit', replaceLostTerminals);
  else process.on('SIGHUP', nothing);
  // Node ignores SIGPIPE, so a write fails with EPIPE.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: unknown) => {
      if (isClosed(error) || process.exitCode !== undefined) return;
      process.exitCode = ExitCode.badInput;
      if (stream === process.stdout)
        process.stderr.write(`nlvr: the output cannot be written: ${messageOf(error)}\n`);
    });
}

/** Replaces lost terminals by /dev/null. Node restores terminal settings at exit and aborts if a terminal was lost. */
function replaceLostTerminals(): void {
  for (const fd of INITIAL_TERMINALS) {
    if (isatty(fd)) continue;
    try {
      closeSync(fd);
      // The lowest free descriptor is used, which is this one.
      openSync('/dev/null', 'r+');
    } catch {
      // The descriptor could not be replaced; Node may abort.
    }
  }
}

/** Determined at startup, because `isatty` is false after a terminal was lost. */
const INITIAL_TERMINALS: readonly number[] = [0, 1, 2].filter((fd) => isatty(fd));

/** Whether one of the standard streams was a terminal when the program started. */
export function hasTerminal(): boolean {
  return INITIAL_TERMINALS.length > 0;
}

/** Whether a write failed because the reader of the pipe ended or the terminal was closed. */
function isClosed(error: unknown): boolean {
  return ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(errnoOf(error) ?? '');
}
