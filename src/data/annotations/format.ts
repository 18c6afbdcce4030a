import type { Example } from '../types';
import type { AnnotationEntry } from './entries';

/** Paths that a reader needs in addition to the annotations. */
export interface ReadContext {
  /** Absolute path of the annotation file. */
  file: string;
  /** Absolute base folder of the image paths. */
  imageRoot: string;
}

/** An example without its index, which `loadDataset` assigns. */
export type NewExample = Omit<Example, 'index'>;

/** Converts the annotations of one format to examples: `add` for each in order, then `finish`. */
export interface FormatReader {
  add(entry: AnnotationEntry): void;
  /** Called once, after the last `add`. */
  finish(): Promise<NewExample[]>;
}

/**
 * Derives the consistency group from an identifier alone, for predictions without annotations: NLVR2's
 * split-set-pair-sentence without the pair, the n of NLVR's n-m-k. null for other identifiers.
 */
export function consistencyGroupOf(identifier: string): string | null {
  return nlvr2ConsistencyGroup(identifier) ?? /^(\d+)-\d+-[0-5]$/.exec(identifier)?.[1] ?? null;
}

/**
 * Returns the key of the set that an example belongs to: its consistency group, or its sentence if the identifier has no
 * group.
 */
export function setKey(identifier: string, sentence: string): string {
  const group = consistencyGroupOf(identifier);
  return group === null ? `sentence:${sentence}` : `id:${group}`;
}

/**
 * Returns the consistency group of an NLVR2 identifier: the pair number is removed, as in the official script. The
 * examples of a contrast set (a fifth number) are a group, as in its script.
 */
export function nlvr2ConsistencyGroup(identifier: string): string | null {
  const parts = /^([A-Za-z0-9_]+)-(\d+)-(\d+)-(\d+)$/.exec(identifier);
  return parts ? `${parts[1]}-${parts[2]}--${parts[4]}` : contrastSetOf(identifier);
}

/**
 * Returns the original example of an identifier in a contrast set: `test1-769-1-0-2` is the second modification of
 * `test1-769-1-0` (Gardner et al. 2020). null for other identifiers.
 */
export function contrastSetOf(identifier: string): string | null {
  return /^([A-Za-z0-9_]+-\d+-\d+-\d+)-\d+$/.exec(identifier)?.[1] ?? null;
}
