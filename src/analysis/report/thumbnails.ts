/** Embeds the images of examples as thumbnails in the report. */
import { createThumbnail } from '../../data/image/thumbnail';
import { imageFile, imageProblem } from '../../run/runImages';
import { localize, type MessageText } from '../../util/localize';

/** Longer side in pixels. */
const SIDE = 224;
/** Maximum size of all thumbnails of a report, so that browsers and mail programs can handle the file. */
const MAX_BYTES = 12 << 20;

/** A data URL, or why there is no thumbnail. */
export type Thumbnail = { url: string } | { problem: MessageText };

export class Thumbnails {
  /**
   * @param imageRoot absolute; null if unknown
   * @param left remaining bytes
   */
  constructor(
    private readonly imageRoot: string | null,
    private left = MAX_BYTES,
  ) {}

  async get(image: string): Promise<Thumbnail> {
    const file = imageFile(this.imageRoot, image);
    // The author of a report may read the images of the run, within its image folder.
    const problem = await imageProblem(this.imageRoot, file, () => Promise.resolve(true));
    if (problem !== null) return { problem };
    if (this.left <= 0)
      return {
        problem: localize('It is omitted because the report has reached its limit of images.'),
      };
    const bytes = await createThumbnail(file, SIDE).catch(() => null);
    if (bytes === null) return { problem: localize('It is not an image.') };
    this.left -= bytes.length;
    return { url: `data:image/webp;base64,${bytes.toString('base64')}` };
  }
}
