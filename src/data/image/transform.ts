import type { KeyedRandom } from '../random';
import { randAugment } from './randAugment';
import { randomCrop } from './randomCrop';
import { resizeBicubic } from './resize';
import type { RgbImage } from './rgbImage';

/**
 * Applies BLIP's transform for val and test: resizes to a square without keeping the aspect ratio.
 * @param target [size, size, 3] bytes
 */
export function evaluationTransform(image: RgbImage, size: number, target: Uint8Array): void {
  const { width, height } = image;
  resizeBicubic(image, { left: 0, top: 0, width, height }, size, size, target);
}

/**
 * Applies BLIP's transform for training: random resized crop, horizontal flip with probability 0.5, RandAugment(2, 5).
 * @param target [size, size, 3] bytes
 */
export function trainingTransform(
  image: RgbImage,
  size: number,
  random: KeyedRandom,
  target: Uint8Array,
): void {
  resizeBicubic(image, randomCrop(image.width, image.height, random), size, size, target);
  const square = { data: target, width: size, height: size };
  if (random.uniform() < 0.5) flipHorizontally(square);
  randAugment(square, random);
}

function flipHorizontally({ data, width, height }: RgbImage): void {
  for (let row = 0; row < height; row++) {
    let left = row * width * 3;
    let right = left + (width - 1) * 3;
    for (; left < right; left += 3, right -= 3) {
      for (let channel = 0; channel < 3; channel++) {
        const kept = data[left + channel];
        data[left + channel] = data[right + channel];
        data[right + channel] = kept;
      }
    }
  }
}
