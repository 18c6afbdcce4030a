import type { Batch, Dataset } from '../data/types';
import type { FeatureCache } from './featureCache';
import type { NlvrPrograms } from './programs';

/** Features of a training batch's images from the cache; those that are missing are encoded and kept. */
export class FrozenVision {
  private readonly chunk: number;

  constructor(
    private readonly programs: NlvrPrograms,
    private readonly cache: FeatureCache,
    private readonly imageBytes: number,
    batchSize: number,
  ) {
    this.chunk = programs.encodingChunk(2 * batchSize);
  }

  /** @returns [2n, tokens, width], images 0 of all pairs first, as the training step takes them. */
  async features(dataset: Dataset, batch: Batch): Promise<Float32Array> {
    const [tokens, width] = this.programs.featureShape;
    const size = tokens * width;
    const n = batch.indices.length;
    const result = new Float32Array(2 * n * size);
    const rows = this.imagesOf(dataset, batch);
    /** Image → rows of the result that wait for its features. */
    const missing = new Map<string, { pixels: number; rows: number[] }>();
    rows.forEach(({ image, pixels }, row) => {
      if (this.cache.read(image, result.subarray(row * size, (row + 1) * size))) return;
      const entry = missing.get(image) ?? { pixels, rows: [] };
      entry.rows.push(row);
      missing.set(image, entry);
    });
    const images = [...missing];
    for (let start = 0; start < images.length; start += this.chunk) {
      const part = images.slice(start, start + this.chunk);
      const pixels = new Uint8Array(this.chunk * this.imageBytes);
      part.forEach(([, entry], k) =>
        pixels.set(
          batch.images.subarray(
            entry.pixels * this.imageBytes,
            (entry.pixels + 1) * this.imageBytes,
          ),
          k * this.imageBytes,
        ),
      );
      const { features } = await this.programs.encodeToHost(this.chunk).run({ images: pixels });
      part.forEach(([image, entry], k) => {
        const own = (features as Float32Array).subarray(k * size, (k + 1) * size);
        for (const row of entry.rows) result.set(own, row * size);
        this.cache.write(image, own);
      });
    }
    return result;
  }

  /** The image of each row of the result, and where the batch has its pixels. The exchange swapped some pairs. */
  private imagesOf(dataset: Dataset, batch: Batch): { image: string; pixels: number }[] {
    const n = batch.indices.length;
    const rows = new Array<{ image: string; pixels: number }>(2 * n);
    batch.indices.forEach((index, i) => {
      const { images } = dataset.examples[index];
      const [left, right] = batch.swapped[i] === 1 ? [images[1], images[0]] : images;
      rows[i] = { image: left, pixels: batch.left[i] };
      rows[n + i] = { image: right, pixels: batch.right[i] };
    });
    return rows;
  }

  /** Whether an image's features are there, so that nobody needs its pixels. Once true it stays true. */
  has(image: string): boolean {
    return this.cache.has(image);
  }

  dispose(): void {
    this.cache.dispose();
  }
}
