import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathExists } from '../util/pathExists';
import { localize, type MessageText } from '../util/localize';
import { errnoOf, messageOf } from '../util/userError';

/** Resolves the image path of a prediction, which is relative to the image folder, or absolute in older predictions. */
export function imageFile(imageRoot: string | null, image: string): string {
  return imageRoot === null ? image : resolve(imageRoot, image);
}

/** Whether a path is in a folder. Resolves `..`, but not links. */
export function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** Whether images of a folder may be read at all. */
export type AccessCheck = (imageRoot: string) => Promise<boolean>;

/** Maximum size of an image that is sent to a panel. */
const MAX_IMAGE_BYTES = 64 << 20;

/**
 * Returns the reason why an image of a prediction cannot be shown; null if it can. Predictions are untrusted data: a path
 * must not lead outside the run's image folder, not even through a link.
 * @param file from `imageFile`
 * @param mayAccess called before the folder is accessed
 */
export async function imageProblem(
  imageRoot: string | null,
  file: string,
  mayAccess: AccessCheck,
): Promise<MessageText | null> {
  if (imageRoot === null)
    return localize('The image folder of this run is not known: its config.yaml cannot be read.');
  if (!isAbsolute(file) || !isInside(imageRoot, file))
    return localize("It is outside the run's image folder {0}.", imageRoot);
  if (!(await mayAccess(imageRoot)))
    return localize(
      'The image folder {0} is outside the workspace, which is not trusted. Trust the workspace to see its images.',
      imageRoot,
    );
  try {
    const { size } = await stat(file);
    if (size > MAX_IMAGE_BYTES)
      return localize('It is too large to show: {0} MB.', Math.round(size / 2 ** 20));
    if (!isInside(await realpath(imageRoot), await realpath(file)))
      return localize("It is a link that leads outside the run's image folder {0}.", imageRoot);
    return null;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return messageOf(error);
    return (await pathExists(imageRoot))
      ? localize('The file is missing.')
      : localize(
          "The image folder {0} is missing. Correct image_root in the run's config.yaml.",
          imageRoot,
        );
  }
}
