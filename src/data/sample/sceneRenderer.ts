/** Renders scenes: bright shapes with a white outline on a warm gray background. */
import sharp from 'sharp';
import type { KeyedRandom } from '../random';
import { colors, gridSide, shapes, type Scene } from './scene';

/** Side of an image in pixels. */
export const pictureSide = 216;
const cellSide = pictureSide / gridSide;

/**
 * The mean of CLIP's normalization (0.48145466, 0.4578275, 0.40821073): the background becomes 0 in the model. On white,
 * a small model trained from scratch stays at chance.
 */
const background = [123, 117, 104] as const;

/** Diameter of a shape, in cells. */
const size = 0.74;
const edge = 0.08;
/** Maximum shift of a shape from the center of its cell, in cells. */
const jitter = 0.04;

const channels = 3;

/** RGBA pixels [cellSide, cellSide, 4]. */
type Sprite = Uint8Array;

/** Corners of a star with five points, as an SVG `points` attribute. */
function starPoints(outer: number, inner: number): string {
  return Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? outer : inner;
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    return `${(radius * Math.cos(angle)).toFixed(4)},${(radius * Math.sin(angle) + 0.03).toFixed(4)}`;
  }).join(' ');
}

/** SVG of each shape, centered at the origin in a square of side 1. */
const outlines: Record<(typeof shapes)[number]['name'], string> = {
  circle: '<circle r="0.46"/>',
  square: '<rect x="-0.42" y="-0.42" width="0.84" height="0.84" rx="0.05"/>',
  triangle: '<polygon points="0,-0.46 0.5,0.4 -0.5,0.4"/>',
  star: `<polygon points="${starPoints(0.53, 0.235)}"/>`,
};

async function drawSprite(color: number, shape: number): Promise<Sprite> {
  const half = cellSide / 2;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${cellSide}" height="${cellSide}">
    <g transform="translate(${half} ${half}) scale(${size * cellSide})" fill="rgb(${colors[color].fill.join(',')})"
      stroke="white" stroke-width="${edge / size}" stroke-linejoin="round">${outlines[shapes[shape].name]}</g></svg>`;
  return sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer();
}

/** Renders scenes with sprites that are rendered once. */
export class SceneRenderer {
  /** Pixels that no image is encoded from: allocating them for each image takes longer than drawing. */
  private readonly unused: Uint8Array[] = [];
  /** Pixels of an image without shapes. */
  private readonly empty = Uint8Array.from(
    { length: pictureSide * pictureSide * channels },
    (_, i) => background[i % channels],
  );

  private constructor(
    /** [color][shape] */
    private readonly sprites: readonly (readonly Sprite[])[],
  ) {}

  static async create(): Promise<SceneRenderer> {
    return new SceneRenderer(
      await Promise.all(
        colors.map((_, color) => Promise.all(shapes.map((_, shape) => drawSprite(color, shape)))),
      ),
    );
  }

  /**
   * Renders a scene as a PNG of `pictureSide` × `pictureSide` pixels.
   * @param random shifts each shape within its cell
   */
  async draw(scene: Scene, random: KeyedRandom): Promise<Buffer> {
    const pixels = this.unused.pop() ?? new Uint8Array(this.empty.length);
    pixels.set(this.empty);
    const shift = (): number => Math.round(random.between(-jitter, jitter) * cellSide);
    for (const { cell, color, shape } of scene)
      paste(
        pixels,
        this.sprites[color][shape],
        (cell % gridSide) * cellSide + shift(),
        Math.floor(cell / gridSide) * cellSide + shift(),
      );
    const png = await sharp(pixels, { raw: { width: pictureSide, height: pictureSide, channels } })
      .png({ compressionLevel: 6 })
      .toBuffer();
    this.unused.push(pixels);
    return png;
  }
}

/** Blends a sprite into an image [pictureSide, pictureSide, 3]; parts outside are clipped. */
function paste(pixels: Uint8Array, sprite: Sprite, left: number, top: number): void {
  const lastRow = Math.min(cellSide, pictureSide - top);
  const lastColumn = Math.min(cellSide, pictureSide - left);
  for (let y = Math.max(0, -top); y < lastRow; y++) {
    let from = (y * cellSide + Math.max(0, -left)) * 4;
    let to = ((top + y) * pictureSide + Math.max(0, left)) * channels;
    for (const end = (y * cellSide + lastColumn) * 4; from < end; from += 4, to += channels) {
      const alpha = sprite[from + 3];
      if (alpha === 0) continue;
      for (let c = 0; c < channels; c++)
        pixels[to + c] =
          alpha === 255
            ? sprite[from + c]
            : Math.round((sprite[from + c] * alpha + pixels[to + c] * (255 - alpha)) / 255);
    }
  }
}
