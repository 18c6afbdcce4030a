import { storedAdvice } from '../util/localize';
import { ExitCode, UserError, errnoOf, isAbortError, messageOf } from '../util/userError';

/** Exit code after a defect of this program. */
const DEFECT = 1;

/**
 * Prints an error to standard error: one paragraph with what happened and what to do.
 * @param verbose prints the stack trace, too
 * @returns the exit code
 */
export function report(error: unknown, verbose: boolean): number {
  if (isAbortError(error)) {
    process.stderr.write('nlvr: stopped.\n');
    return ExitCode.stopped;
  }
  if (error instanceof UserError) {
    process.stderr.write(`${errorLine(error)}\n`);
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

/** The text of an error; for the extension, which translates it, JSON with the localized message. */
function errorLine({ message, hint, messageText, hintText }: UserError): string {
  return process.env['NLVR_JSON_ERRORS'] === '1'
    ? JSON.stringify(storedAdvice(messageText, hintText))
    : `nlvr: ${[message, hint].filter(Boolean).join(' ')}`;
}

/** Whether an error has an exit code. The runtime layer sets it without depending on the command line. */
function hasExitCode(error: unknown): error is { exitCode: number } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'exitCode' in error &&
    typeof error.exitCode === 'number'
  );
}
