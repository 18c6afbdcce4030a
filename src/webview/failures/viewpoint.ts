/** What part of the pictures is seen; the same for both. Offsets are shares of the frame's size. */
export interface Viewpoint {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE: Viewpoint = { scale: 1, x: 0, y: 0 };
const LARGEST = 32;

/** Zooms about a point of the frame, given from its centre in shares of its size. */
export function zoomed({ scale, x, y }: Viewpoint, factor: number, atX = 0, atY = 0): Viewpoint {
  const next = Math.min(LARGEST, Math.max(1, scale * factor));
  const by = next / scale;
  return bounded({ scale: next, x: atX - (atX - x) * by, y: atY - (atY - y) * by });
}

/** Looks at another part of the picture: so many frames to the right and down. */
export function panned({ scale, x, y }: Viewpoint, right: number, down: number): Viewpoint {
  return bounded({ scale, x: x - right, y: y - down });
}

/** The picture's frame never leaves the frame it is seen through. */
export function bounded({ scale, x, y }: Viewpoint): Viewpoint {
  const limit = (scale - 1) / 2;
  const clamp = (value: number) => Math.min(limit, Math.max(-limit, value)) || 0;
  return { scale, x: clamp(x), y: clamp(y) };
}
