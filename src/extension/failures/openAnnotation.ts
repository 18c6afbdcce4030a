import type { Prediction } from '../../run/predictions';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { findAnnotation } from './findAnnotation';
import type { SessionEditor, SessionRun } from './sessionEditor';

/**
 * Opens the annotation file of an example at its annotation.
 * @throws {UserError} when the file is unknown or does not contain the example
 */
export async function openAnnotation(
  run: SessionRun,
  example: Prediction,
  editor: Pick<SessionEditor, 'openFile'>,
): Promise<void> {
  const file = (await run.paths())?.annFiles[example.split];
  if (file === undefined)
    throw new UserError(localize('The annotation file of this run is not known.'), {
      hint: localize('Its config.yaml cannot be read, or has none for {0}.', example.split),
    });
  const place = await findAnnotation(file, example);
  if (place === null)
    throw new UserError(localize('{0} has no annotation of {1}.', file, example.identifier), {
      hint: localize('It may have changed since the predictions were made.'),
    });
  await editor.openFile(file, place);
}
