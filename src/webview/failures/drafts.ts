import type { Split } from './messages';

/** A question that is being written about an example: not sent, or changed since. */
export interface Draft {
  split: Split;
  identifier: string;
  sentence: string;
  /** The images are exchanged on the page, and for the question. */
  swapped: boolean;
}

/** Drafts kept; the longest untouched one makes room. */
const MOST = 20;

/** The questions being written, at most one an example. They survive leaving the example and a reload of the page. */
export class Drafts {
  private drafts: readonly Draft[];

  constructor(drafts: readonly Draft[] = []) {
    this.drafts = drafts.slice(-MOST);
  }

  /** Oldest first. */
  get all(): readonly Draft[] {
    return this.drafts;
  }

  of(split: Split, identifier: string): Draft | undefined {
    return this.drafts.find((each) => each.split === split && each.identifier === identifier);
  }

  set(draft: Draft): void {
    this.remove(draft.split, draft.identifier);
    this.drafts = [...this.drafts, draft].slice(-MOST);
  }

  remove(split: Split, identifier: string): void {
    this.drafts = this.drafts.filter(
      (each) => each.split !== split || each.identifier !== identifier,
    );
  }
}
