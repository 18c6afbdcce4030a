import { decodeImage } from '../image/decode';
import type { RgbImage } from '../image/rgbImage';
import { evaluationTransform } from '../image/transform';
import type { WorkerOptions } from './batchTask';
import { DiskCache } from './diskCache';
import { SharedImages } from './sharedImages';

/** Decoding dominates for small images only; larger ones would push many small ones out. */
const largestKept = 256 * 1024;

/**
 * Images of one worker, kept as long as there is room: decoded for augmentation; resized for everything else (a resized
 * image is often far smaller than its file's pixels), together with the other workers. What is kept stays: epochs visit
 * every image once, and evicting by age would throw each away just before its turn.
 */
export class ImageStore {
  private readonly decodedImages = new Map<string, RgbImage>();

  /**
   * @param room bytes of decoded images to keep.
   * @param resizedImages of all workers.
   * @param disk resized images of earlier epochs and runs.
   */
  constructor(
    private room: number,
    private readonly resizedImages: SharedImages,
    private readonly disk: DiskCache | null,
  ) {}

  /** The image as decoded. Not to be changed. */
  async decoded(file: string): Promise<RgbImage> {
    const known = this.decodedImages.get(file);
    if (known) return known;
    const image = await decodeImage(file);
    if (!this.decodedImages.has(file) && this.takeRoom(image.data.byteLength))
      this.decodedImages.set(file, image);
    return image;
  }

  /**
   * The image as evaluation sees it.
   * @param target [size, size, 3] bytes
   */
  async resized(file: string, size: number, target: Uint8Array): Promise<void> {
    const key = `${size}:${file}`;
    if (this.resizedImages.read(key, target)) return;
    if (!(await this.disk?.read(file, size, target))) {
      const image = this.decodedImages.get(file) ?? (await decodeImage(file));
      evaluationTransform(image, size, target);
      await this.disk?.write(file, size, target);
    }
    if (target.byteLength <= largestKept) this.resizedImages.add(key, target);
  }

  private takeRoom(bytes: number): boolean {
    if (bytes > largestKept || bytes > this.room) return false;
    this.room -= bytes;
    return true;
  }
}

/** The store of one worker. */
export function createImageStore({ decodedBytes, resized, disk }: WorkerOptions): ImageStore {
  return new ImageStore(
    decodedBytes,
    new SharedImages(resized),
    disk && new DiskCache(disk.folder, disk.bytes),
  );
}
