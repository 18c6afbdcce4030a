import type { KeyedRandom } from '../random';
import type { Box } from './rgbImage';

const scale = [0.5, 1] as const;
const ratio = [3 / 4, 4 / 3] as const;

/** Python's `round`: halves are rounded to even. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/**
 * Draws the box of torchvision's `RandomResizedCrop` with BLIP's scale (0.5 to 1 of the area) and the default ratio (3/4
 * to 4/3): ten attempts, then the largest centered box whose ratio is in range.
 */
export function randomCrop(width: number, height: number, random: KeyedRandom): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * random.between(scale[0], scale[1]);
    const aspect = Math.exp(random.between(Math.log(ratio[0]), Math.log(ratio[1])));
    const boxWidth = roundHalfEven(Math.sqrt(area * aspect));
    const boxHeight = roundHalfEven(Math.sqrt(area / aspect));
    if (boxWidth > 0 && boxWidth <= width && boxHeight > 0 && boxHeight <= height) {
      const top = random.integer(height - boxHeight + 1);
      const left = random.integer(width - boxWidth + 1);
      return { left, top, width: boxWidth, height: boxHeight };
    }
  }
  const boxHeight = width / height < ratio[0] ? roundHalfEven(width / ratio[0]) : height;
  const boxWidth = width / height > ratio[1] ? roundHalfEven(height * ratio[1]) : width;
  return {
    left: Math.floor((width - boxWidth) / 2),
    top: Math.floor((height - boxHeight) / 2),
    width: boxWidth,
    height: boxHeight,
  };
}
