/** The images of examples as small pictures within the report. */
import { smallPicture } from '../../data/image/smallPicture';
import { imageFile, imageProblem } from '../../run/runImages';
import { localize, type MessageText } from '../../util/localize';

/** Longer side in pixels. */
const SIDE = 224;
/** All pictures of a report together, in bytes: a file that browsers and mail take. */
const MOST_BYTES = 12 << 20;

/** A data URL, or why there is no picture. */
export type Picture = { url: string } | { problem: MessageText };

export class Pictures {
  /**
   * @param imageRoot absolute; null where it is not known
   * @param left bytes that there is room for
   */
  constructor(
    private readonly imageRoot: string | null,
    private left = MOST_BYTES,
  ) {}

  async get(image: string): Promise<Picture> {
    const file = imageFile(this.imageRoot, image);
    // The author of a report may read the files that the run names, within its image folder.
    const problem = await imageProblem(this.imageRoot, file, () => Promise.resolve(true));
    if (problem !== null) return { problem };
    if (this.left <= 0)
      return {
        problem: localize('It is omitted because the report has reached its limit of images.'),
      };
    const bytes = await smallPicture(file, SIDE).catch(() => null);
    if (bytes === null) return { problem: localize('It is not an image.') };
    this.left -= bytes.length;
    return { url: `data:image/webp;base64,${bytes.toString('base64')}` };
  }
}
