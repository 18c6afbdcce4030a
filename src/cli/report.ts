import { storedAdvice } from '../util/localize';
import { ExitCode, UserError, errnoOf, isAbort, messageOf } from '../util/userError';

/** Exit code of a defect in this program. */
const DEFECT = 1;

/**
 * Prints an error to standard error: one paragraph that says what happened and what to do; the stack only when
 * asked for.
 * @returns the exit code.
 */
export function report(error: unknown, verbose: boolean): number {
  if (isAbort(error)) {
    process.stderr.write('nlvr: stopped.\n');
    return ExitCode.stopped;
  }
  if (error instanceof UserError) {
    process.stderr.write(`${lastWords(error)}\n`);
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

/** For a person; for the editor, which says it in its own language, with what the sentences are made of. */
function lastWords({ message, hint, words, hintWords }: UserError): string {
  return process.env['NLVR_JSON_ERRORS'] === '1'
    ? JSON.stringify(storedAdvice(words, hintWords))
    : `nlvr: ${[message, hint].filter(Boolean).join(' ')}`;
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
