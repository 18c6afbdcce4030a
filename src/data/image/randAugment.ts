import type { KeyedRandom } from '../random';
import { autoContrast, equalize } from './color';
import type { RgbImage } from './rgbImage';
import { warpAffine, type AffineMatrix } from './warpAffine';

/**
 * BLIP's operations for `RandomAugment(2, 5)` (transform/randaugment.py). At magnitude 5 of 10 the factor of Brightness
 * and Sharpness is exactly 1, so they change nothing, but they must stay in the list for the same probabilities.
 */
export const augmentations = [
  'Identity',
  'AutoContrast',
  'Brightness',
  'Sharpness',
  'Equalize',
  'ShearX',
  'ShearY',
  'TranslateX',
  'TranslateY',
  'Rotate',
] as const;
export type Augmentation = (typeof augmentations)[number];

const operationsPerImage = 2;
/** Arguments at magnitude 5. BLIP's matrices are float32. */
const shear = Math.fround(0.15);
const shift = 5;
const degrees = 15;

/**
 * Applies one operation in place.
 * @param signDraw a number in [0, 1): above 0.5, shears and shifts are negative; below 0.5, rotations are
 */
export function augment(image: RgbImage, operation: Augmentation, signDraw: number): void {
  const sign = signDraw > 0.5 ? -1 : 1;
  switch (operation) {
    case 'Identity':
    case 'Brightness':
    case 'Sharpness':
      return;
    case 'AutoContrast':
      return autoContrast(image);
    case 'Equalize':
      return equalize(image);
    case 'ShearX':
      return warpAffine(image, [1, sign * shear, 0, 0, 1, 0]);
    case 'ShearY':
      return warpAffine(image, [1, 0, 0, sign * shear, 1, 0]);
    case 'TranslateX':
      return warpAffine(image, [1, 0, -sign * shift, 0, 1, 0]);
    case 'TranslateY':
      return warpAffine(image, [1, 0, 0, 0, 1, -sign * shift]);
    case 'Rotate':
      return warpAffine(image, rotation(image, signDraw < 0.5 ? -degrees : degrees));
  }
}

/** Rotation about the image's center, counterclockwise (OpenCV's `getRotationMatrix2D`, scale 1). */
function rotation({ width, height }: RgbImage, angle: number): AffineMatrix {
  const cos = Math.cos((angle * Math.PI) / 180);
  const sin = Math.sin((angle * Math.PI) / 180);
  const [x, y] = [width / 2, height / 2];
  return [cos, sin, (1 - cos) * x - sin * y, -sin, cos, sin * x + (1 - cos) * y];
}

/** Applies RandAugment(2, 5) in place: two operations drawn with replacement, each applied with probability 0.5. */
export function randAugment(image: RgbImage, random: KeyedRandom): void {
  for (let n = 0; n < operationsPerImage; n++) {
    const operation = augmentations[random.integer(augmentations.length)];
    const skipped = random.uniform() > 0.5;
    const signDraw = random.uniform();
    if (!skipped) augment(image, operation, signDraw);
  }
}
