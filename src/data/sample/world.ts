/** What the sample's pictures show: coloured shapes, one to a cell of a 3 × 3 grid. */
import type { KeyedRandom } from '../random';
import { bernoulli, pick, shuffle } from './choose';

/**
 * Fills in sRGB. All are clearly brighter than the background and about equally so: brightness then gives a
 * model the shape and hue the colour, independently, which small models learn from scratch much sooner.
 */
export const colours = [
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
const cellCount = gridSide ** 2;

/** A shape in a picture; all are indices, the cell's counts row by row. */
export interface Thing {
  readonly colour: number;
  readonly shape: number;
  readonly cell: number;
}
/** What one picture shows, ordered by cell. */
export type Scene = readonly Thing[];
export type ScenePair = readonly [left: Scene, right: Scene];

/** What a sentence refers to: "red circle", "red shape" or "circle"; null means any. */
export interface Phrase {
  readonly colour: number | null;
  readonly shape: number | null;
}

/** Things of the scene that the phrase fits. */
export function countOf(phrase: Phrase, scene: Scene): number {
  let count = 0;
  for (const { colour, shape } of scene) {
    if (phrase.colour !== null && phrase.colour !== colour) continue;
    if (phrase.shape !== null && phrase.shape !== shape) continue;
    count++;
  }
  return count;
}

/** Names an arrangement: scenes of the same key look the same but for the small shifts within cells. */
export function sceneKey(scene: Scene): string {
  return scene.map(({ cell, colour, shape }) => `${cell}:${colour}.${shape}`).join(' ');
}

/**
 * A scene of 1 to `most` things. Those that fit one of the phrases are more frequent than chance, so that sentences
 * are often true and seldom trivially false.
 */
export function randomScene(random: KeyedRandom, phrases: readonly Phrase[], most: number): Scene {
  const cells = shuffle(
    random,
    Array.from({ length: cellCount }, (_, i) => i),
  );
  return cells
    .slice(0, 1 + random.integer(most))
    .sort((a, b) => a - b)
    .map((cell) => {
      const asked = pick(random, phrases).colour;
      const kind =
        bernoulli(random, 0.6) && asked !== null ? asked : random.integer(colours.length);
      // Color and shape are correlated: a small model takes far longer to learn them independently.
      return { cell, colour: kind, shape: kind };
    });
}
