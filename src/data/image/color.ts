import type { RgbImage } from './rgbImage';

/**
 * Stretches each channel to the full range, as Pillow's `autocontrast`. (BLIP's version subtracts in unsigned bytes and
 * turns every channel with a minimum above 0 white; that bug is not reproduced.)
 */
export function autoContrast(image: RgbImage): void {
  mapChannels(image, (histogram) => {
    const low = histogram.findIndex((count) => count > 0);
    const high = histogram.findLastIndex((count) => count > 0);
    if (high <= low) return null;
    const factor = 255 / (high - low);
    return Uint8Array.from(histogram, (_, value) =>
      Math.min(255, Math.max(0, Math.trunc(value * factor - low * factor))),
    );
  });
}

/** Equalizes the histogram of each channel, as Pillow's `ImageOps.equalize`. */
export function equalize(image: RgbImage): void {
  mapChannels(image, (histogram) => {
    const pixels = image.width * image.height;
    const brightest = histogram.findLast((count) => count > 0) ?? 0;
    const step = Math.floor((pixels - brightest) / 255);
    if (step === 0) return null;
    const table = new Uint8Array(256);
    let sum = Math.floor(step / 2);
    for (let value = 0; value < 256; value++) {
      table[value] = Math.min(255, Math.floor(sum / step));
      sum += histogram[value];
    }
    return table;
  });
}

/** Maps each channel through a table that is computed from its histogram; null leaves the channel unchanged. */
function mapChannels(
  image: RgbImage,
  makeTable: (histogram: Uint32Array) => Uint8Array | null,
): void {
  const { data } = image;
  const length = image.width * image.height * 3;
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Uint32Array(256);
    for (let i = channel; i < length; i += 3) histogram[data[i]]++;
    const table = makeTable(histogram);
    if (!table) continue;
    for (let i = channel; i < length; i += 3) data[i] = table[data[i]];
  }
}
