import type { Example } from '../types';
import type { AnnotationRecord } from './records';

/** What a reader needs to know beside the annotations. */
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

/** The consistency group of an NLVR2 identifier: the pair number is blanked, as in the official script. */
export function nlvr2ConsistencyGroup(identifier: string): string | null {
  const parts = /^([A-Za-z0-9_]+)-(\d+)-(\d+)-(\d+)$/.exec(identifier);
  return parts && `${parts[1]}-${parts[2]}--${parts[4]}`;
}
