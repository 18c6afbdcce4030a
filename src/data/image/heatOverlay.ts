/** Renders a heat map over its image, for image files. */
import sharp from 'sharp';
import { heatColor } from '../../util/heatMap';
import type { RgbImage } from './rgbImage';

const CHANNELS = 3;

/**
 * Blends the image with the colors of a map. The map covers the whole image regardless of its aspect ratio, because the
 * model sees the image stretched to a square. Values are interpolated linearly between the centers of the cells.
 *
 * @param map row by row, with `columns` values per row
 * @param scale value of the brightest color
 * @param fade 0 shows only the image, 1 only the map
 */
export function heatOverlay(
  { data, width, height }: RgbImage,
  map: ArrayLike<number>,
  columns: number,
  scale: number,
  fade: number,
): RgbImage {
  const out = new Uint8Array(data.length);
  const rows = map.length / columns;
  const across = Array.from({ length: width }, (_, x) => interpolate(x, width, columns));
  for (let y = 0; y < height; y++) {
    const down = interpolate(y, height, rows);
    for (let x = 0; x < width; x++) {
      const { low, high, share } = across[x];
      const along = (row: number): number =>
        map[row * columns + low] * (1 - share) + map[row * columns + high] * share;
      const value = along(down.low) * (1 - down.share) + along(down.high) * down.share;
      const color = heatColor(scale > 0 ? value / scale : 0);
      const at = (y * width + x) * CHANNELS;
      for (let c = 0; c < CHANNELS; c++)
        out[at + c] = Math.round(data[at + c] * (1 - fade) + color[c] * fade);
    }
  }
  return { data: out, width, height };
}

/** Finds the two cells to interpolate for a pixel, and the weight of the second one. */
function interpolate(
  pixel: number,
  pixels: number,
  cells: number,
): { low: number; high: number; share: number } {
  const at = Math.min(cells - 1, Math.max(0, ((pixel + 0.5) * cells) / pixels - 0.5));
  const low = Math.floor(at);
  return { low, high: Math.min(low + 1, cells - 1), share: at - low };
}

/** Encodes two images side by side as a PNG, each in its own size, with a gap, on white. */
export async function encodePairPng(left: RgbImage, right: RgbImage): Promise<Buffer> {
  const gap = Math.ceil(Math.max(left.width, right.width) / 50);
  const place = ({ data, width, height }: RgbImage, x: number) => ({
    input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    raw: { width, height, channels: CHANNELS } as const,
    left: x,
    top: 0,
  });
  return sharp({
    create: {
      width: left.width + gap + right.width,
      height: Math.max(left.height, right.height),
      channels: CHANNELS,
      background: '#ffffff',
    },
  })
    .composite([place(left, 0), place(right, left.width + gap)])
    .png()
    .toBuffer();
}
