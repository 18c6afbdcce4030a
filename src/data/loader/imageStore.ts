import { decodeImage } from '../image/decode';
import type { RgbImage } from '../image/rgbImage';
import { evaluationTransform } from '../image/transform';
import type { WorkerOptions } from './batchTask';
import { DiskCache } from './diskCache';
import { SharedImages } from './sharedImages';

/** Maximum size of a cached image. Only for small images decoding is the bottleneck, and a large one would displace many. */
const MAX_CACHED_BYTES = 256 * 1024;

/**
 * Image cache of one worker: decoded images for augmentation, and resized images, shared with the other workers, for
 * everything else (a resized image is often far smaller than the original). Nothing is evicted: an epoch reads every image
 * once, so evicting the oldest would remove each image just before it is needed.
 */
export class ImageStore {
  private readonly decodedImages = new Map<string, RgbImage>();

  /**
   * @param availableBytes size of the cache of decoded images
   * @param resizedImages shared by all workers
   * @param disk resized images of earlier epochs and runs
   */
  constructor(
    private availableBytes: number,
    private readonly resizedImages: SharedImages,
    private readonly disk: DiskCache | null,
  ) {}

  /** Returns the decoded image, which must not be modified. */
  async decoded(file: string): Promise<RgbImage> {
    const known = this.decodedImages.get(file);
    if (known) return known;
    const image = await decodeImage(file);
    if (!this.decodedImages.has(file) && this.reserve(image.data.byteLength))
      this.decodedImages.set(file, image);
    return image;
  }

  /**
   * Resizes the image with the transform of the evaluation.
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
    if (target.byteLength <= MAX_CACHED_BYTES) this.resizedImages.add(key, target);
  }

  private reserve(bytes: number): boolean {
    if (bytes > MAX_CACHED_BYTES || bytes > this.availableBytes) return false;
    this.availableBytes -= bytes;
    return true;
  }
}

/** Creates the store of one worker. */
export function createImageStore({ decodedBytes, resized, disk }: WorkerOptions): ImageStore {
  return new ImageStore(
    decodedBytes,
    new SharedImages(resized),
    disk && new DiskCache(disk.folder, disk.bytes),
  );
}
