import { bicubicCoefficients, precisionBits, type Coefficients } from './coefficients';
import type { Box, RgbImage } from './rgbImage';

const half = 1 << (precisionBits - 1);
/** Rows between the two passes; reused, because all images of a run need about the same size. */
let intermediate = new Uint8Array(0);

/**
 * Resizes a box of an image exactly as Pillow 9 to 12 with BICUBIC: two passes in fixed point, horizontal first, rounded
 * and clamped to bytes after each. Pixels outside the box have no influence.
 *
 * @param target receives [height, width, 3] bytes
 */
export function resizeBicubic(
  image: RgbImage,
  box: Box,
  width: number,
  height: number,
  target: Uint8Array,
): void {
  const rowBytes = width * 3;
  if (intermediate.length < box.height * rowBytes)
    intermediate = new Uint8Array(box.height * rowBytes);
  if (box.width === width) copyRows(image, box);
  else horizontal(image, box, bicubicCoefficients(box.width, width));
  if (box.height === height) target.set(intermediate.subarray(0, height * rowBytes));
  else vertical(rowBytes, bicubicCoefficients(box.height, height), target);
}

/** Copies the rows of a box that already has the target width. */
function copyRows(image: RgbImage, box: Box): void {
  for (let row = 0; row < box.height; row++) {
    const from = ((box.top + row) * image.width + box.left) * 3;
    intermediate.set(image.data.subarray(from, from + box.width * 3), row * box.width * 3);
  }
}

/** Resizes the rows of the box into the intermediate buffer, [box.height, width, 3]. */
function horizontal(image: RgbImage, box: Box, coefficients: Coefficients): void {
  const { starts, counts, weights, taps } = coefficients;
  const { data } = image;
  const out = intermediate;
  const width = starts.length;
  let to = 0;
  for (let row = 0; row < box.height; row++) {
    const rowStart = ((box.top + row) * image.width + box.left) * 3;
    for (let x = 0; x < width; x++) {
      let from = rowStart + starts[x] * 3;
      const first = x * taps;
      const end = first + counts[x];
      let red = half;
      let green = half;
      let blue = half;
      for (let tap = first; tap < end; tap++) {
        const weight = weights[tap];
        red = (red + Math.imul(weight, data[from])) | 0;
        green = (green + Math.imul(weight, data[from + 1])) | 0;
        blue = (blue + Math.imul(weight, data[from + 2])) | 0;
        from += 3;
      }
      red >>= precisionBits;
      green >>= precisionBits;
      blue >>= precisionBits;
      out[to] = red < 0 ? 0 : red > 255 ? 255 : red;
      out[to + 1] = green < 0 ? 0 : green > 255 ? 255 : green;
      out[to + 2] = blue < 0 ? 0 : blue > 255 ? 255 : blue;
      to += 3;
    }
  }
}

/** Resizes the columns of the intermediate buffer into `target`. Four and six taps, the usual counts, are unrolled. */
function vertical(rowBytes: number, coefficients: Coefficients, target: Uint8Array): void {
  const { starts, counts, weights, taps } = coefficients;
  const height = starts.length;
  for (let row = 0; row < height; row++) {
    const first = row * taps;
    const from = starts[row] * rowBytes;
    const to = row * rowBytes;
    const count = counts[row];
    if (count <= 4) rowOf4(weights, first, count, from, rowBytes, target, to);
    else if (count <= 6) rowOf6(weights, first, count, from, rowBytes, target, to);
    else rowOfMany(weights, first, count, from, rowBytes, target, to);
  }
}

/** Offset of a tap's row. Taps beyond `count` have weight 0 and read the first row again. */
const tapRow = (tap: number, count: number, from: number, rowBytes: number) =>
  tap < count ? from + tap * rowBytes : from;

function rowOf4(
  weights: Int32Array,
  first: number,
  count: number,
  from: number,
  rowBytes: number,
  target: Uint8Array,
  to: number,
): void {
  const source = intermediate;
  const w0 = weights[first];
  const w1 = count > 1 ? weights[first + 1] : 0;
  const w2 = count > 2 ? weights[first + 2] : 0;
  const w3 = count > 3 ? weights[first + 3] : 0;
  const r1 = tapRow(1, count, from, rowBytes);
  const r2 = tapRow(2, count, from, rowBytes);
  const r3 = tapRow(3, count, from, rowBytes);
  for (let i = 0; i < rowBytes; i++) {
    const sum =
      (half +
        Math.imul(w0, source[from + i]) +
        Math.imul(w1, source[r1 + i]) +
        Math.imul(w2, source[r2 + i]) +
        Math.imul(w3, source[r3 + i])) >>
      precisionBits;
    target[to + i] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
  }
}

function rowOf6(
  weights: Int32Array,
  first: number,
  count: number,
  from: number,
  rowBytes: number,
  target: Uint8Array,
  to: number,
): void {
  const source = intermediate;
  const w0 = weights[first];
  const w1 = weights[first + 1];
  const w2 = weights[first + 2];
  const w3 = weights[first + 3];
  const w4 = weights[first + 4];
  const w5 = count > 5 ? weights[first + 5] : 0;
  const r1 = from + rowBytes;
  const r2 = r1 + rowBytes;
  const r3 = r2 + rowBytes;
  const r4 = r3 + rowBytes;
  const r5 = tapRow(5, count, from, rowBytes);
  for (let i = 0; i < rowBytes; i++) {
    const sum =
      (half +
        Math.imul(w0, source[from + i]) +
        Math.imul(w1, source[r1 + i]) +
        Math.imul(w2, source[r2 + i]) +
        Math.imul(w3, source[r3 + i]) +
        Math.imul(w4, source[r4 + i]) +
        Math.imul(w5, source[r5 + i])) >>
      precisionBits;
    target[to + i] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
  }
}

function rowOfMany(
  weights: Int32Array,
  first: number,
  count: number,
  from: number,
  rowBytes: number,
  target: Uint8Array,
  to: number,
): void {
  const source = intermediate;
  for (let i = 0; i < rowBytes; i++) {
    let sum = half;
    for (let tap = 0, at = from + i; tap < count; tap++, at += rowBytes)
      sum = (sum + Math.imul(weights[first + tap], source[at])) | 0;
    sum >>= precisionBits;
    target[to + i] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
  }
}
