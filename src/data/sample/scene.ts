/** Scenes of the sample's images: colored shapes in the cells of a 3 × 3 grid. */
import type { KeyedRandom } from '../random';
import { bernoulli, pick, shuffle } from './randomChoice';

/**
 * Fill colors in sRGB. All are clearly brighter than the background, by about the same amount, so that a model can
 * recognize shapes by lightness and colors by hue. Small models learn that from scratch much faster.
 */
export const colors = [
  { name: 'red', fill: [250, 84, 84] },
  { name: 'blue', fill: [76, 150, 255] },
  { name: 'green', fill: [70, 205, 110] },
  { name: 'yellow', fill: [255, 206, 48] },
] as const;

export const shapes = [
  { name: 'circle', plural: 'circles' },
  { name: 'square', plural: 'squares' },
  { name: 'triangle', plural: 'triangles' },
  { name: 'star', plural: 'stars' },
] as const;

/** Cells on a side of the grid. */
export const gridSide = 3;
const cells = Array.from({ length: gridSide ** 2 }, (_, i) => i);

/** A shape in an image; all fields are indices, `cell` row by row. */
export interface PlacedShape {
  readonly color: number;
  readonly shape: number;
  readonly cell: number;
}
/** The contents of one image, ordered by cell. */
export type Scene = readonly PlacedShape[];
export type ScenePair = readonly [left: Scene, right: Scene];

/** The shapes that a sentence refers to: "red circle", "red shape" or "circle"; null means any. */
export interface Phrase {
  readonly color: number | null;
  readonly shape: number | null;
}

/** Counts the shapes of a scene that match a phrase. */
export function countMatching(phrase: Phrase, scene: Scene): number {
  let count = 0;
  for (const { color, shape } of scene) {
    if (phrase.color !== null && phrase.color !== color) continue;
    if (phrase.shape !== null && phrase.shape !== shape) continue;
    count++;
  }
  return count;
}

/** Key of a scene: scenes with the same key differ only by small shifts within cells. */
export function sceneKey(scene: Scene): string {
  return scene.map(({ cell, color, shape }) => `${cell}:${color}.${shape}`).join(' ');
}

/**
 * Draws a scene of 1 to `most` shapes. Shapes that match one of the phrases are more frequent, so that sentences are often
 * true and rarely trivially false.
 */
export function randomScene(random: KeyedRandom, phrases: readonly Phrase[], most: number): Scene {
  return shuffle(random, [...cells])
    .slice(0, 1 + random.integer(most))
    .sort((a, b) => a - b)
    .map((cell) => {
      const asked = pick(random, phrases).color;
      const kind = bernoulli(random, 0.6) && asked !== null ? asked : random.integer(colors.length);
      // Color and shape are correlated, because a small model learns independent ones much more slowly.
      return { cell, color: kind, shape: kind };
    });
}
