import type { RgbImage } from './rgbImage';

/** An affine map of pixel positions, [[a, b, c], [d, e, f]] as rows: x' = a x + b y + c. */
export type AffineMatrix = readonly [number, number, number, number, number, number];

/** Value of pixels outside the image. */
const fill = 128;
const positionBits = 10;
/** Positions are rounded to 1/32 pixel. */
const fractionBits = 5;
const fractionMask = (1 << fractionBits) - 1;
const one = 1 << fractionBits;
/** Two weights of `fractionBits` each. */
const weightBits = 2 * fractionBits;

let columns = { x: new Int32Array(0), y: new Int32Array(0) };
let copy = new Uint8Array(0);

/** C's `lrint`: halves are rounded to even. */
function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Inverts a map. OpenCV takes source → destination and looks up destination → source. */
function invert([a, b, c, d, e, f]: AffineMatrix): AffineMatrix {
  const determinant = a * e - b * d;
  const scale = determinant === 0 ? 0 : 1 / determinant;
  const [a2, b2, d2, e2] = [e * scale, -b * scale, -d * scale, a * scale];
  return [a2, b2, -a2 * c - b2 * f, d2, e2, -d2 * c - e2 * f];
}

/**
 * Warps an image in place as OpenCV 4's `warpAffine` with INTER_LINEAR and a constant gray border: positions in fixed
 * point of 1/32 pixel, each output pixel the weighted mean of four.
 */
export function warpAffine(image: RgbImage, matrix: AffineMatrix): void {
  const { width, height, data } = image;
  const bytes = width * height * 3;
  if (copy.length < bytes) copy = new Uint8Array(bytes);
  copy.set(data.subarray(0, bytes));
  const source = copy;
  const [a, b, c, d, e, f] = invert(matrix);
  const scale = 1 << positionBits;
  const rounding = scale / one / 2;
  if (columns.x.length < width) columns = { x: new Int32Array(width), y: new Int32Array(width) };
  const { x: columnX, y: columnY } = columns;
  for (let x = 0; x < width; x++) {
    columnX[x] = roundToEven(a * x * scale);
    columnY[x] = roundToEven(d * x * scale);
  }
  let to = 0;
  for (let y = 0; y < height; y++) {
    const rowX = roundToEven((b * y + c) * scale) + rounding;
    const rowY = roundToEven((e * y + f) * scale) + rounding;
    for (let x = 0; x < width; x++, to += 3) {
      const fixedX = (rowX + columnX[x]) >> (positionBits - fractionBits);
      const fixedY = (rowY + columnY[x]) >> (positionBits - fractionBits);
      const left = fixedX >> fractionBits;
      const top = fixedY >> fractionBits;
      const fractionX = fixedX & fractionMask;
      const fractionY = fixedY & fractionMask;
      if (left >= 0 && top >= 0 && left < width - 1 && top < height - 1) {
        const w11 = fractionX * fractionY;
        const w10 = (one - fractionX) * fractionY;
        const w01 = fractionX * (one - fractionY);
        const w00 = (one - fractionX) * (one - fractionY);
        const upper = (top * width + left) * 3;
        const lower = upper + width * 3;
        for (let channel = 0; channel < 3; channel++)
          data[to + channel] =
            (source[upper + channel] * w00 +
              source[upper + 3 + channel] * w01 +
              source[lower + channel] * w10 +
              source[lower + 3 + channel] * w11 +
              (1 << (weightBits - 1))) >>
            weightBits;
      } else if (left < -1 || top < -1 || left >= width || top >= height) {
        data[to] = data[to + 1] = data[to + 2] = fill;
      } else {
        blendAtBorder(source, width, height, left, top, fractionX, fractionY, data, to);
      }
    }
  }
}

/** Computes an output pixel if some of its four source pixels are outside the image. */
function blendAtBorder(
  source: Uint8Array,
  width: number,
  height: number,
  left: number,
  top: number,
  fractionX: number,
  fractionY: number,
  data: Uint8Array,
  to: number,
): void {
  const at = (x: number, y: number, channel: number) =>
    x >= 0 && y >= 0 && x < width && y < height ? source[(y * width + x) * 3 + channel] : fill;
  for (let channel = 0; channel < 3; channel++) {
    const upper =
      at(left, top, channel) * (one - fractionX) + at(left + 1, top, channel) * fractionX;
    const lower =
      at(left, top + 1, channel) * (one - fractionX) + at(left + 1, top + 1, channel) * fractionX;
    data[to + channel] =
      (upper * (one - fractionY) + lower * fractionY + (1 << (weightBits - 1))) >> weightBits;
  }
}
