import { parseLocalizedMessage, type StoredAdvice, type MessageText } from '../../util/localize';
import { parseAllowOption, UserError } from '../../util/userError';

/** Environment of a child process (`src/cli/report.ts`) so that its last error can be shown in the editor's language. */
export const jsonErrorEnvironment = { NLVR_JSON_ERRORS: '1' } as const;

/** An error that another process reported, with its localizable message. */
export function errorFrom(
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
 * Why a command of the program failed, in its own words.
 * @param stderr what it said; the last line is a JSON object where it knew what went wrong
 * @param otherwise when it said nothing
 */
export function failureIn(stderr: string, otherwise: MessageText, cause?: unknown): UserError {
  const said = stderr.trim();
  return reported(said, cause) ?? new UserError(said === '' ? otherwise : said, { cause });
}

function reported(said: string, cause: unknown): UserError | undefined {
  const line = said.slice(said.lastIndexOf('\n') + 1);
  if (!line.startsWith('{')) return undefined;
  try {
    const said = JSON.parse(line) as Record<string, unknown>;
    return typeof said.message === 'string' ? errorFrom(said.message, said, cause) : undefined;
  } catch {
    return undefined;
  }
}
