import { decodeImage } from '../image/decode';
import type { RgbImage } from '../image/rgbImage';
import { evaluationTransform } from '../image/transform';
import type { WorkerOptions } from './batchTask';
import { DiskCache } from './diskCache';

/** Decoding dominates for small images only; larger ones would push many small ones out. */
const largestKept = 256 * 1024;

/**
 * Decoded images of one worker, kept as long as there is room. What is kept stays: epochs visit every image
 * once, and evicting by age would throw each away just before its turn.
 */
export class ImageStore {
  private readonly kept = new Map<string, RgbImage>();

  /**
   * @param room bytes of decoded images to keep.
   * @param disk resized images of earlier epochs and runs.
   */
  constructor(
    private room: number,
    private readonly disk: DiskCache | null,
  ) {}

  /** The image as decoded. Not to be changed. */
  async decoded(file: string): Promise<RgbImage> {
    const known = this.kept.get(file);
    if (known) return known;
    const image = await decodeImage(file);
    const bytes = image.data.byteLength;
    if (bytes <= largestKept && bytes <= this.room && !this.kept.has(file)) {
      this.room -= bytes;
      this.kept.set(file, image);
    }
    return image;
  }

  /**
   * The image as evaluation sees it.
   * @param target [size, size, 3] bytes
   */
  async resized(file: string, size: number, target: Uint8Array): Promise<void> {
    const inMemory = this.kept.has(file);
    if (!inMemory && (await this.disk?.read(file, size, target))) return;
    evaluationTransform(await this.decoded(file), size, target);
    if (!inMemory) await this.disk?.write(file, size, target);
  }
}

/** The store of one worker. */
export function createImageStore({ memoryBytes, disk }: WorkerOptions): ImageStore {
  return new ImageStore(memoryBytes, disk && new DiskCache(disk.folder, disk.bytes));
}
