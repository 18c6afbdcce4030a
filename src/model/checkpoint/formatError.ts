import { phrase } from '../../util/phrase';
import { UserError } from '../../util/userError';

/** What is wrong with the bytes of a checkpoint; `describe` adds the file before a person sees it. */
export class CheckpointFormatError extends Error {
  override readonly name = 'CheckpointFormatError';
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Turns a fault found while reading `file` into a sentence that names the file; other errors pass. */
export function describe(error: unknown, file: string): unknown {
  if (!(error instanceof CheckpointFormatError)) return error;
  return new UserError(phrase('Checkpoint {0} cannot be read: {1}.', file, error.message), {
    hint:
      error.hint ??
      phrase(
        'The file is damaged or incomplete: copy or download it again and compare its size with the original.',
      ),
    cause: error,
  });
}
