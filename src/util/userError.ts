import { inEnglish, type MessageText } from './localize';

/** Exit codes of the command line (README, "Exit codes"). */
export const ExitCode = { done: 0, failed: 1, badInput: 2, runtime: 3, stopped: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const ALLOW_MISSING = '--allow_missing';
/** Command line options that allow an operation that was refused; the editor offers a button for them. */
export type AllowOption = typeof ALLOW_MISSING;

/** Validates the option in data of a file or another process. */
export function parseAllowOption(value: unknown): { allowedBy?: AllowOption } {
  return value === ALLOW_MISSING ? { allowedBy: ALLOW_MISSING } : {};
}

/**
 * A failure that the user can fix: what happened and where (`message`), what to do (`hint`).
 * It is printed as one paragraph without a stack trace. Other errors are defects and keep their stack trace.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** The message in translatable form. */
  readonly messageText: MessageText;
  readonly hint: string | undefined;
  readonly hintText: MessageText | undefined;
  readonly exitCode: ExitCode;
  /** The command line option that allows the operation. */
  readonly allowedBy: AllowOption | undefined;

  constructor(
    message: MessageText,
    options: {
      hint?: MessageText;
      exitCode?: ExitCode;
      cause?: unknown;
      allowedBy?: AllowOption;
    } = {},
  ) {
    super(inEnglish(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.messageText = message;
    this.hint = options.hint === undefined ? undefined : inEnglish(options.hint);
    this.hintText = options.hint;
    this.exitCode = options.exitCode ?? ExitCode.badInput;
    this.allowedBy = options.allowedBy;
  }
}

/** The message of a thrown value, in English. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message of a thrown value in translatable form, to embed it in another message. */
export function messageTextOf(error: unknown): MessageText {
  return error instanceof UserError ? error.messageText : messageOf(error);
}

/** The error code of a failed system call (`ENOENT`, `ENOSPC` …), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message and hint of a thrown value in translatable form. */
export function errorDetails(error: unknown): { message: MessageText; hint: MessageText | null } {
  return {
    message: messageTextOf(error),
    hint: error instanceof UserError ? (error.hintText ?? null) : null,
  };
}

/** `errorDetails` in English. */
export function errorText(error: unknown): { message: string; hint: string | null } {
  const { message, hint } = errorDetails(error);
  return { message: inEnglish(message), hint: hint === null ? null : inEnglish(hint) };
}

/** Whether an operation was aborted by an `AbortSignal`. */
export function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
