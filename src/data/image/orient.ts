import type { RgbImage } from './rgbImage';

/**
 * Rotates and mirrors an image by its orientation tag, as Pillow does when it reads a TIFF.
 * @param orientation 1 to 8 as in EXIF; other values change nothing
 */
export function orient(image: RgbImage, orientation: number): RgbImage {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { data, width, height } = image;
  const isTurned = orientation >= 5;
  const [newWidth, newHeight] = isTurned ? [height, width] : [width, height];
  // 2 mirrored, 3 upside down, 4 flipped, 5 transposed, 6 rotate right, 7 transverse, 8 rotate left.
  const mirrorsX = [2, 3, 7, 8].includes(orientation);
  const mirrorsY = [3, 4, 6, 7].includes(orientation);
  const turned = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < newHeight; y++)
    for (let x = 0; x < newWidth; x++) {
      const [column, row] = isTurned ? [y, x] : [x, y];
      const fromX = mirrorsX ? width - 1 - column : column;
      const fromY = mirrorsY ? height - 1 - row : row;
      const from = (fromY * width + fromX) * 3;
      turned[to++] = data[from];
      turned[to++] = data[from + 1];
      turned[to++] = data[from + 2];
    }
  return { data: turned, width: newWidth, height: newHeight };
}
