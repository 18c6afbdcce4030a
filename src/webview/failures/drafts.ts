import type { Split } from './messages';

/** Draft of a question about an example: not sent yet, or changed since. */
export interface Draft {
  split: Split;
  identifier: string;
  sentence: string;
  /** Whether the images are swapped, on the page and in the question. */
  swapped: boolean;
}

/** Number of drafts that are kept. The least recently changed one is removed first. */
const MAX_DRAFTS = 20;

/** Drafts of questions, at most one per example. They survive selecting another example and a reload of the page. */
export class Drafts {
  private drafts: readonly Draft[];

  constructor(drafts: readonly Draft[] = []) {
    this.drafts = drafts.slice(-MAX_DRAFTS);
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
    this.drafts = [...this.drafts, draft].slice(-MAX_DRAFTS);
  }

  remove(split: Split, identifier: string): void {
    this.drafts = this.drafts.filter(
      (each) => each.split !== split || each.identifier !== identifier,
    );
  }
}
