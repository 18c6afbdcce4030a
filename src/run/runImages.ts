import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathExists } from '../util/pathExists';
import { localize, type MessageText } from '../util/localize';
import { errnoOf, messageOf } from '../util/userError';

/** Path of an image of a prediction: relative to the image root, or absolute in older predictions. */
export function imageFile(imageRoot: string | null, image: string): string {
  return imageRoot === null ? image : resolve(imageRoot, image);
}

/** Whether a file is in a folder, by name: `..` is resolved, links are not followed. */
export function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** Whether images of a folder may be read at all. */
export type MayShow = (imageRoot: string) => Promise<boolean>;

/** Largest picture that is sent to the panel as it is. */
const LARGEST_BYTES = 64 << 20;

/**
 * Why an image of a prediction cannot be shown, in words; null when it can. Predictions are data: a path
 * in them must not lead a reader to files outside the run's image folder, not through a link either.
 * @param file from `imageFile`
 * @param mayShow asked before anything of the folder is looked at
 */
export async function imageProblem(
  imageRoot: string | null,
  file: string,
  mayShow: MayShow,
): Promise<MessageText | null> {
  if (imageRoot === null)
    return localize('The image folder of this run is not known: its config.yaml cannot be read.');
  if (!isAbsolute(file) || !isInside(imageRoot, file))
    return localize("It is outside the run's image folder {0}.", imageRoot);
  if (!(await mayShow(imageRoot)))
    return localize(
      'The image folder {0} is outside the workspace, which is not trusted. Trust the workspace to see its images.',
      imageRoot,
    );
  try {
    const { size } = await stat(file);
    if (size > LARGEST_BYTES)
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
