/** Evaluates contrast sets: minimal changes of an example with known labels (Gardner et al. 2020). */
import { contrastSetOf } from '../data/annotations/format';
import type { Prediction } from '../run/predictions';

export interface Contrast {
  /** Number of changed examples, and of all their changes. */
  sets: number;
  examples: number;
  accuracy: number;
  /** Share of sets for which all changes are answered correctly, as in the authors' `eval.py`. */
  consistency: number;
  /** The same including the original examples, if their predictions are known. */
  withOriginals: {
    sets: number;
    originalAccuracy: number;
    contrastAccuracy: number;
    /** Share of sets for which the original and all changes are answered correctly: the paper's contrast consistency. */
    consistency: number;
  } | null;
}

/** Whether any example is a change of another one. */
export function hasContrastSets(examples: readonly Prediction[]): boolean {
  return examples.some(({ identifier }) => contrastSetOf(identifier) !== null);
}

/**
 * Computes the numbers of contrast sets.
 * @param originals predictions that may contain the original examples
 * @returns null if no labeled example belongs to a contrast set
 */
export function contrastOf(
  examples: readonly Prediction[],
  originals: Iterable<Prediction>,
): Contrast | null {
  const sets = new Map<string, { examples: number; right: number }>();
  for (const { identifier, label, prediction } of examples) {
    const original = contrastSetOf(identifier);
    if (original === null || label === null) continue;
    const set = sets.get(original) ?? { examples: 0, right: 0 };
    set.examples++;
    if (prediction === label) set.right++;
    sets.set(original, set);
  }
  if (sets.size === 0) return null;
  const all = [...sets.values()];
  const total = all.reduce((sum, set) => sum + set.examples, 0);
  const known = new Map<string, { right: boolean; set: { examples: number; right: number } }>();
  for (const { identifier, label, prediction } of originals) {
    const set = sets.get(identifier);
    if (set && label !== null) known.set(identifier, { right: prediction === label, set });
  }
  const pairs = [...known.values()];
  const changes = pairs.reduce((sum, { set }) => sum + set.examples, 0);
  return {
    sets: sets.size,
    examples: total,
    accuracy: all.reduce((sum, set) => sum + set.right, 0) / total,
    consistency: all.filter((set) => set.right === set.examples).length / sets.size,
    withOriginals:
      pairs.length === 0
        ? null
        : {
            sets: pairs.length,
            originalAccuracy: pairs.filter(({ right }) => right).length / pairs.length,
            contrastAccuracy: pairs.reduce((sum, { set }) => sum + set.right, 0) / changes,
            consistency:
              pairs.filter(({ right, set }) => right && set.right === set.examples).length /
              pairs.length,
          },
  };
}
