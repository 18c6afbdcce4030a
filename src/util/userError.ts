import { inEnglish, type MessageText } from './localize';

/** Exit codes of the command line (README, "Exit codes"). */
export const ExitCode = { done: 0, failed: 1, badInput: 2, runtime: 3, stopped: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const ALLOW_MISSING = '--allow_missing';
/** Options of the command line that allow what is refused without them, where the editor offers a button for it. */
export type AllowOption = typeof ALLOW_MISSING;

/** The option in something read from a file or another process. */
export function allowOptionIn(value: unknown): { allowedBy?: AllowOption } {
  return value === ALLOW_MISSING ? { allowedBy: ALLOW_MISSING } : {};
}

/**
 * A failure that the user can fix: what happened and where (`message`), what to do (`hint`).
 * Printed as one paragraph without a stack; everything else is a defect and keeps its stack.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** The message, so that it can be said in another language. */
  readonly words: MessageText;
  readonly hint: string | undefined;
  readonly hintWords: MessageText | undefined;
  readonly exitCode: ExitCode;
  /** The command line option that does it anyway. */
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
    this.words = message;
    this.hint = options.hint === undefined ? undefined : inEnglish(options.hint);
    this.hintWords = options.hint;
    this.exitCode = options.exitCode ?? ExitCode.badInput;
    this.allowedBy = options.allowedBy;
  }
}

/** The message of anything thrown, in English. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The message of anything thrown, as a part of another one. */
export function messageTextOf(error: unknown): MessageText {
  return error instanceof UserError ? error.words : messageOf(error);
}

/** `ENOENT`, `ENOSPC` … of a failed system call, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The text for anything thrown: what happened, and what to do if that is known. */
export function errorDetails(error: unknown): { message: MessageText; hint: MessageText | null } {
  return {
    message: messageTextOf(error),
    hint: error instanceof UserError ? (error.hintWords ?? null) : null,
  };
}

/** `errorWords` in English. */
export function errorText(error: unknown): { message: string; hint: string | null } {
  const { message, hint } = errorDetails(error);
  return { message: inEnglish(message), hint: hint === null ? null : inEnglish(hint) };
}

/** Whether something was given up because an `AbortSignal` said so. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
