/** Exit codes of the command line (README, "Exit codes"). */
export const ExitCode = { done: 0, failed: 1, badInput: 2, runtime: 3, stopped: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * A failure that a person can mend: what happened and where (`message`), what to do (`hint`).
 * Printed as one paragraph without a stack; everything else is a defect and keeps its stack.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    options: { hint?: string; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? ExitCode.badInput;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `ENOENT`, `ENOSPC` … of a failed system call, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What to tell a person about anything thrown: what happened, and what to do where that is known. */
export function errorText(error: unknown): { message: string; hint: string | null } {
  return {
    message: messageOf(error),
    hint: error instanceof UserError ? (error.hint ?? null) : null,
  };
}

/** Whether something was given up because an `AbortSignal` said so. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
