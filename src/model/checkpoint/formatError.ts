import { clipValues, inEnglish, localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';

/**
 * An error in the content of a checkpoint, without the name of the file, which `asUserError` adds. The default hint is that
 * the file is damaged, so errors about valid files of another kind need their own hint.
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

/** Converts a format error to a user error that names the file. Other errors are returned unchanged. */
export function asUserError(error: unknown, file: string): unknown {
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

/** Hint for a pickle that contains more than weights. */
export const saveWeightsHint = localize(
  'If you trust its origin, load it in Python and save only the weights: {0}.',
  'torch.save({"model": model.state_dict()}, file)',
);

/** The error for a tensor whose type cannot be read. */
export const unreadableType = (name: string, type: string): CheckpointFormatError =>
  new CheckpointFormatError(
    localize('tensor {0} has the element type {1}, which is not supported', name, type),
    localize(
      'Convert it in Python with the program that wrote it, for example with {0}, and save it again.',
      'tensor.to(torch.float32)',
    ),
  );
