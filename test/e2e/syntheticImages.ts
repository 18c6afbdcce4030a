import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const colors = { red: '#d04437', blue: '#3572b0', green: '#14892c', yellow: '#f6c342' } as const;
const shapes = ['circle', 'square', 'triangle'] as const;
type Color = keyof typeof colors;
type Shape = (typeof shapes)[number];

/** An image of a few equal shapes, and its content. */
export interface SyntheticImage {
  /** Absolute path. */
  path: string;
  color: Color;
  shape: Shape;
  count: number;
}

export type Random = () => number;

/** A small seeded random number generator (mulberry32), 0 to 1. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function pickOf<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)];
}

/** Draws `count` PNG images of 240 × 180 pixels into `folder`. */
export async function drawImages(
  folder: string,
  count: number,
  random: Random,
): Promise<SyntheticImage[]> {
  mkdirSync(folder, { recursive: true });
  const images: SyntheticImage[] = [];
  for (let index = 0; index < count; index++) {
    const image: SyntheticImage = {
      path: join(folder, `picture-${String(index).padStart(4, '0')}.png`),
      color: pickOf(random, Object.keys(colors) as Color[]),
      shape: pickOf(random, shapes),
      count: 1 + Math.floor(random() * 4),
    };
    await sharp(Buffer.from(drawing(image, random)))
      .png()
      .toFile(image.path);
    images.push(image);
  }
  return images;
}

function drawing(image: SyntheticImage, random: Random): string {
  const background = pickOf(random, ['#f4f1ea', '#eaf0f4', '#eef4ea', '#f4eaf0']);
  const figures = Array.from({ length: image.count }, (_, k) => {
    const x = 30 + (k % 2) * 110 + random() * 40;
    const y = 25 + Math.floor(k / 2) * 80 + random() * 30;
    return figure(image.shape, x, y, 22 + random() * 16, colors[image.color]);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="180"><rect width="100%" height="100%" fill="${background}"/>${figures.join('')}</svg>`;
}

function figure(shape: Shape, x: number, y: number, size: number, fill: string): string {
  switch (shape) {
    case 'circle':
      return `<circle cx="${x + size}" cy="${y + size}" r="${size}" fill="${fill}"/>`;
    case 'square':
      return `<rect x="${x}" y="${y}" width="${2 * size}" height="${2 * size}" fill="${fill}"/>`;
    case 'triangle':
      return `<path d="M${x} ${y + 2 * size}l${size} ${-2 * size} ${size} ${2 * size}z" fill="${fill}"/>`;
  }
}
