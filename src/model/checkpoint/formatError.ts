import { clipValues, inEnglish, localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';

/**
 * What is wrong with the bytes of a checkpoint; `describe` adds the file before a person sees it. Without a hint the
 * file counts as damaged, so whatever is sound but of another kind says what to do with it.
 */
export class CheckpointFormatError extends Error {
  override readonly name = 'CheckpointFormatError';
  constructor(
    readonly what: MessageText,
    readonly hint?: MessageText,
  ) {
    super(inEnglish(what));
  }
}

/** Turns a fault found while reading `file` into a sentence that names the file; other errors pass. */
export function describe(error: unknown, file: string): unknown {
  if (!(error instanceof CheckpointFormatError)) return error;
  return new UserError(
    localize('Checkpoint {0} cannot be read: {1}.', file, clipValues(error.what)),
    {
      hint:
        error.hint ??
        localize(
          'The file is damaged or incomplete: copy or download it again and compare its size with the original.',
        ),
      cause: error,
    },
  );
}

/** What to do with a pickle that holds more than weights. */
export const saveWeightsAlone = localize(
  'If you trust its origin, load it in Python and save only the weights: {0}.',
  'torch.save({"model": model.state_dict()}, file)',
);

/** The error for a tensor of a type that is known but not read. */
export const unreadableType = (name: string, type: string): CheckpointFormatError =>
  new CheckpointFormatError(
    localize('tensor {0} has the element type {1}, which is not supported', name, type),
    localize(
      'Convert it in Python with the program that wrote it, for example with {0}, and save it again.',
      'tensor.to(torch.float32)',
    ),
  );
