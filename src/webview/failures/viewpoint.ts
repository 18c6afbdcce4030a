/** Visible part of the images, the same for both. Offsets are shares of the frame's size. */
export interface Viewpoint {
  scale: number;
  x: number;
  y: number;
}

/** Point of the frame, relative to its center, as shares of its size. */
export interface Point {
  x: number;
  y: number;
}

export const WHOLE: Viewpoint = { scale: 1, x: 0, y: 0 };
const MAX_SCALE = 32;

/** Zooms about a point of the frame, which is relative to its center, as shares of its size. */
export function zoomed({ scale, x, y }: Viewpoint, factor: number, atX = 0, atY = 0): Viewpoint {
  const next = Math.min(MAX_SCALE, Math.max(1, scale * factor));
  const by = next / scale;
  return clamped({ scale: next, x: atX - (atX - x) * by, y: atY - (atY - y) * by });
}

/** Pans by a number of frame widths to the right and frame heights down. */
export function panned({ scale, x, y }: Viewpoint, right: number, down: number): Viewpoint {
  return clamped({ scale, x: x - right, y: y - down });
}

/** Limits the offset so that the image always fills the frame. */
export function clamped({ scale, x, y }: Viewpoint): Viewpoint {
  const limit = (scale - 1) / 2;
  const clamp = (value: number) => Math.min(limit, Math.max(-limit, value)) || 0;
  return { scale, x: clamp(x), y: clamp(y) };
}

/** Returns the view centered on a point of the whole image. */
function centeredOn({ x, y }: Point, scale: number): Viewpoint {
  return clamped({ scale, x: -x * scale, y: -y * scale });
}

/** Cells of a content map along each side. */
export const MAP_SIDE = 32;
/** Minimum color distance to both neighbor cells, summed over the channels; less is noise or a gradient. */
const MIN_CONTRAST = 24;

/**
 * Computes where an image has content: for each of its `MAP_SIDE`² cells, the color distance to the cells to the right and
 * below. Uniform areas count 0, whether background or object.
 * @param pixels RGBA of the frame drawn in `MAP_SIDE`² pixels; transparent pixels are outside the image
 */
export function contentMap(pixels: Uint8ClampedArray): Float32Array {
  const map = new Float32Array(MAP_SIDE * MAP_SIDE);
  for (let y = 0; y + 1 < MAP_SIDE; y++)
    for (let x = 0; x + 1 < MAP_SIDE; x++) {
      const at = y * MAP_SIDE + x;
      const distance = contrast(pixels, at, at + 1) + contrast(pixels, at, at + MAP_SIDE);
      map[at] = distance < MIN_CONTRAST ? 0 : distance;
    }
  return map;
}

/** Returns the color distance of two cells, summed over the channels; 0 if one of them is outside the image. */
function contrast(pixels: Uint8ClampedArray, a: number, b: number): number {
  if (pixels[4 * a + 3] !== 255 || pixels[4 * b + 3] !== 255) return 0;
  let sum = 0;
  for (let channel = 0; channel < 3; channel++)
    sum += Math.abs((pixels[4 * a + channel] ?? 0) - (pixels[4 * b + channel] ?? 0));
  return sum;
}

/**
 * Finds the view at a scale that shows the most content of all images through the same frame. Maximizes the smallest
 * share of an image's content, then the sum of the shares, then the closeness to the center.
 */
export function bestView(maps: readonly Float32Array[], scale: number): Viewpoint {
  const side = Math.max(1, Math.round(MAP_SIDE / scale));
  const totals = maps.map((map) => map.reduce((sum, value) => sum + value, 0));
  let best = { view: clamped({ scale, x: 0, y: 0 }), score: 0 };
  if (maps.length === 0) return best.view;
  for (let top = 0; top + side <= MAP_SIDE; top++)
    for (let left = 0; left + side <= MAP_SIDE; left++) {
      const shares = maps.map((map, i) => sumIn(map, left, top, side) / (totals[i] || 1));
      const x = (left + side / 2) / MAP_SIDE - 0.5;
      const y = (top + side / 2) / MAP_SIDE - 0.5;
      const score =
        Math.min(...shares) +
        1e-3 * shares.reduce((sum, share) => sum + share, 0) -
        1e-6 * Math.hypot(x, y);
      if (score > best.score) best = { view: centeredOn({ x, y }, scale), score };
    }
  return best.view;
}

function sumIn(map: Float32Array, left: number, top: number, side: number): number {
  let sum = 0;
  for (let y = top; y < top + side; y++)
    for (let x = left; x < left + side; x++) sum += map[y * MAP_SIDE + x] ?? 0;
  return sum;
}
