import { ExitCode, UserError, errnoOf, messageOf } from '../util/userError';

/** Exit code of a defect in this program. */
const DEFECT = 1;

/**
 * Prints an error to standard error: one paragraph that says what happened and what to do; the stack only when
 * asked for.
 * @returns the exit code.
 */
export function report(error: unknown, verbose: boolean): number {
  // Aborted by Ctrl-C: the person knows.
  if (error instanceof Error && error.name === 'AbortError') return ExitCode.stopped;
  if (error instanceof UserError) {
    process.stderr.write(`nlvr: ${[error.message, error.hint].filter(Boolean).join(' ')}\n`);
    if (verbose && error.stack) process.stderr.write(`${error.stack}\n`);
    return error.exitCode;
  }
  if (hasExitCode(error)) {
    process.stderr.write(`nlvr: ${messageOf(error)}\n`);
    if (verbose && error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
    return error.exitCode;
  }
  const known = errnoOf(error) !== undefined;
  process.stderr.write(
    `nlvr: ${messageOf(error)}${known || verbose ? '' : ' (--verbose shows where)'}\n`,
  );
  if (verbose && error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
  return DEFECT;
}

/** Errors of the runtime, which knows nothing of the command line but the code to end with. */
function hasExitCode(error: unknown): error is { exitCode: number } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'exitCode' in error &&
    typeof error.exitCode === 'number'
  );
}
