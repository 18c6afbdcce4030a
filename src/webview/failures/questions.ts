import type { Asked, AskedAbout, FailuresRequests, Split } from './messages';

/** A failure in words, with what to do. */
export interface Problem {
  message: string;
  hint?: string;
}

/** What a person asks: a sentence about the images of an example, as they are or exchanged. */
export type Question = Pick<Asked, 'sentence' | 'swapImages' | 'swapTest'>;

type AskParams = FailuresRequests['ask']['params'];

/** The questions asked about each example while the panel is open, with their answers. */
export class Questions {
  /** By split and identifier. */
  private readonly about = new Map<string, readonly Asked[]>();
  private lastId = 0;

  constructor(
    private readonly ask: (params: AskParams) => Promise<Asked>,
    private readonly changed: () => void,
  ) {}

  /** Takes what was asked before the page was loaded (anew). */
  restore(asked: readonly AskedAbout[]): void {
    for (const { split, identifier, questions } of asked) {
      this.about.set(keyOf(split, identifier), questions);
      this.lastId = Math.max(this.lastId, ...questions.map(({ id }) => id));
    }
  }

  /** Oldest first. */
  of(split: Split, identifier: string): readonly Asked[] {
    return this.about.get(keyOf(split, identifier)) ?? [];
  }

  /** Asks and keeps question and answer. Never rejects: a failure is kept as `problem`. */
  async add(
    split: Split,
    identifier: string,
    question: Question,
    place: Pick<AskParams, 'generation' | 'row'>,
  ): Promise<Asked> {
    const id = ++this.lastId;
    const asked: Asked = { id, ...question, answer: null, problem: null };
    const key = keyOf(split, identifier);
    this.about.set(key, [...this.of(split, identifier), asked]);
    this.changed();
    const settled = await this.ask({ ...place, ...question, id }).catch(
      (error: unknown): Asked => ({ ...asked, problem: problemOf(error) }),
    );
    const all = this.of(split, identifier).map((each) => (each.id === id ? settled : each));
    this.about.set(key, all);
    this.changed();
    return settled;
  }
}

/** No split has a slash in its name. */
function keyOf(split: Split, identifier: string): string {
  return `${split}/${identifier}`;
}

/** Anything thrown, in words. */
export function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error ? error.hint : undefined;
  return typeof hint === 'string' ? { message, hint } : { message };
}
