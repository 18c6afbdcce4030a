import type { Example } from '../types';
import type { AnnotationRecord } from './records';

/** What a reader needs in addition to the annotations. */
export interface ReadContext {
  /** Absolute path of the annotation file. */
  file: string;
  /** Absolute path that image paths start from. */
  imageRoot: string;
}

/** An example without its position, which the loader of the file gives it. */
export type NewExample = Omit<Example, 'index'>;

/** Turns the annotations of one format into examples: `add` for each in order, then `finish`. */
export interface FormatReader {
  add(record: AnnotationRecord): void;
  /** Called once, after the last `add`. */
  finish(): Promise<NewExample[]>;
}

/**
 * The consistency group by an identifier alone, for predictions without their annotations: NLVR2's
 * split-set-pair-sentence with the pair blanked, NLVR's n-m-k by its n. null for other identifiers, which do not group.
 */
export function consistencyGroupOf(identifier: string): string | null {
  return nlvr2ConsistencyGroup(identifier) ?? /^(\d+)-\d+-[0-5]$/.exec(identifier)?.[1] ?? null;
}

/**
 * Which examples belong together: those of a consistency group. Other identifiers have no such groups; there the same
 * sentence makes a set.
 */
export function setKey(identifier: string, sentence: string): string {
  const group = consistencyGroupOf(identifier);
  return group === null ? `sentence:${sentence}` : `id:${group}`;
}

/**
 * The consistency group of an NLVR2 identifier: the pair number is blanked, as in the official script. The examples of
 * a contrast set (a fifth number) make a group, as in theirs.
 */
export function nlvr2ConsistencyGroup(identifier: string): string | null {
  const parts = /^([A-Za-z0-9_]+)-(\d+)-(\d+)-(\d+)$/.exec(identifier);
  return parts ? `${parts[1]}-${parts[2]}--${parts[4]}` : contrastSetOf(identifier);
}

/**
 * The example that a contrast set's changes: `test1-769-1-0-2` is the second change of `test1-769-1-0` (Gardner et al.
 * 2020). null for other identifiers.
 */
export function contrastSetOf(identifier: string): string | null {
  return /^([A-Za-z0-9_]+-\d+-\d+-\d+)-\d+$/.exec(identifier)?.[1] ?? null;
}
