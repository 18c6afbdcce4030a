import { parseLocalizedMessage, type StoredAdvice, type MessageText } from '../../util/localize';
import { parseAllowOption, UserError } from '../../util/userError';

/** Environment that makes a child process report its error as JSON (`src/cli/report.ts`), for translation. */
export const jsonErrorEnvironment = { NLVR_JSON_ERRORS: '1' } as const;

/** Creates an error from the one that another process reported, with its localizable message. */
export function reportedError(
  message: string,
  {
    phrase,
    hint,
    hintPhrase,
    allowedBy,
  }: Readonly<Partial<Record<keyof StoredAdvice | 'allowedBy', unknown>>>,
  cause?: unknown,
): UserError {
  const advice = parseLocalizedMessage(hintPhrase) ?? (typeof hint === 'string' ? hint : undefined);
  return new UserError(parseLocalizedMessage(phrase) ?? message, {
    cause,
    ...(advice && { hint: advice }),
    ...parseAllowOption(allowedBy),
  });
}

/**
 * Creates the error of a failed command of the program.
 * @param stderr its output; the last line is a JSON object if it reported the error
 * @param otherwise the message if there is no output
 */
export function commandError(stderr: string, otherwise: MessageText, cause?: unknown): UserError {
  const output = stderr.trim();
  return (
    parseReportedError(output, cause) ??
    new UserError(output === '' ? otherwise : output, { cause })
  );
}

function parseReportedError(output: string, cause: unknown): UserError | undefined {
  const line = output.slice(output.lastIndexOf('\n') + 1);
  if (!line.startsWith('{')) return undefined;
  try {
    const error = JSON.parse(line) as Record<string, unknown>;
    return typeof error.message === 'string'
      ? reportedError(error.message, error, cause)
      : undefined;
  } catch {
    return undefined;
  }
}
