import type { Batch, Dataset } from '../../data/types';
import type { FeatureCache } from './featureCache';
import type { NlvrPrograms } from '../programs';

/**
 * Reads the features of a training batch's images from the cache; missing ones are encoded and stored. No two images share
 * a matrix product: the last bit of a row may depend on its position among the others, and then a run's losses would
 * depend on where it was stopped and resumed.
 */
export class FrozenVision {
  constructor(
    private readonly programs: Pick<
      NlvrPrograms,
      'featureShape' | 'imagesPerRun' | 'hostEncodingProgram'
    >,
    private readonly cache: FeatureCache,
    private readonly imageBytes: number,
  ) {}

  /** @returns [2n, tokens, width], left images first, as the optimizer step takes them. */
  async features(dataset: Dataset, batch: Batch): Promise<Float32Array> {
    const [tokens, width] = this.programs.featureShape;
    const size = tokens * width;
    const n = batch.indices.length;
    const result = new Float32Array(2 * n * size);
    const places = this.imagesOf(dataset, batch);
    /** Image → its pixels' position in the batch, and the rows of the result that need its features. */
    const missing = new Map<string, { pixels: number; rows: number[] }>();
    places.forEach(({ image, pixels }, row) => {
      if (this.cache.read(image, result.subarray(row * size, (row + 1) * size))) return;
      const entry = missing.get(image) ?? { pixels, rows: [] };
      entry.rows.push(row);
      missing.set(image, entry);
    });
    const { imagesPerRun: count } = this.programs;
    const waiting = [...missing];
    for (let first = 0; first < waiting.length; first += count) {
      const group = waiting.slice(first, first + count);
      // The last group is padded with black images.
      const images = new Uint8Array(count * this.imageBytes);
      group.forEach(([, { pixels }], i) => {
        const start = pixels * this.imageBytes;
        images.set(batch.images.subarray(start, start + this.imageBytes), i * this.imageBytes);
      });
      const { features } = await this.programs.hostEncodingProgram().run({ images });
      group.forEach(([image, { rows }], i) => {
        const own = features.subarray(i * size, (i + 1) * size) as Float32Array;
        for (const row of rows) result.set(own, row * size);
        this.cache.write(image, own);
      });
    }
    return result;
  }

  /** The image of each row of the result, and its pixels' position in the batch. The augmentation swapped some pairs. */
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

  /** Whether an image's features are stored, so that its pixels are not needed. Once true, it stays true. */
  has(image: string): boolean {
    return this.cache.has(image);
  }

  dispose(): void {
    this.cache.dispose();
  }
}
