/** A heat map laid over the image that it is about, as a picture to keep. */
import sharp from 'sharp';
import { heatColour } from '../../util/heatMap';
import type { RgbImage } from './rgbImage';

const CHANNELS = 3;

/**
 * The image with the map's colours over it. A map covers the whole image whatever its shape, since the model sees it
 * stretched to a square; between the centres of its cells it is interpolated linearly.
 *
 * @param map row by row, `columns` a row, as many rows
 * @param scale the value with the brightest colour
 * @param fade 0 shows the image alone, 1 the map alone
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
  const across = Array.from({ length: width }, (_, x) => between(x, width, columns));
  for (let y = 0; y < height; y++) {
    const down = between(y, height, rows);
    for (let x = 0; x < width; x++) {
      const { low, high, share } = across[x];
      const along = (row: number): number =>
        map[row * columns + low] * (1 - share) + map[row * columns + high] * share;
      const value = along(down.low) * (1 - down.share) + along(down.high) * down.share;
      const colour = heatColour(scale > 0 ? value / scale : 0);
      const at = (y * width + x) * CHANNELS;
      for (let c = 0; c < CHANNELS; c++)
        out[at + c] = Math.round(data[at + c] * (1 - fade) + colour[c] * fade);
    }
  }
  return { data: out, width, height };
}

/** The two cells between whose centers the center of a pixel is. */
function between(
  pixel: number,
  pixels: number,
  cells: number,
): { low: number; high: number; share: number } {
  const at = Math.min(cells - 1, Math.max(0, ((pixel + 0.5) * cells) / pixels - 0.5));
  const low = Math.floor(at);
  return { low, high: Math.min(low + 1, cells - 1), share: at - low };
}

/** Two images next to each other, each in its own size, with a gap, on white; as the bytes of a PNG. */
export async function pairAsPng(left: RgbImage, right: RgbImage): Promise<Buffer> {
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
