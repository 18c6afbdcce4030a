import type { Asked, AskedAbout, FailuresRequests, Problem, Split } from './messages';

/** What a person asks: a sentence about the images of an example, as they are or exchanged. */
export type Question = Pick<Asked, 'sentence' | 'swapImages' | 'swapTest'>;

/** Questions that the page keeps over a reload of the window. */
const MOST_KEPT = 50;

type AskParams = FailuresRequests['ask']['params'];

/** The questions asked about each example, with their answers. */
export class Questions {
  /** By split and identifier. */
  private readonly about = new Map<string, readonly Asked[]>();
  private lastId = 0;

  constructor(
    private readonly ask: (params: AskParams) => Promise<Asked>,
    private readonly changed: () => void,
  ) {}

  /** Adds the questions from before the page was loaded or reloaded. Known ones are unchanged. */
  restore(asked: readonly AskedAbout[]): void {
    for (const { split, identifier, questions } of asked) {
      const known = new Map(this.of(split, identifier).map((each) => [each.id, each]));
      for (const each of questions) if (!known.has(each.id)) known.set(each.id, each);
      const all = [...known.values()].sort((a, b) => a.id - b.id);
      this.about.set(keyOf(split, identifier), all);
      this.lastId = Math.max(this.lastId, ...questions.map(({ id }) => id));
    }
  }

  /** The last questions that have an answer or a problem, as `restore` takes them. */
  latest(): AskedAbout[] {
    const settled = [...this.about].flatMap(([key, questions]) =>
      questions.filter(({ answer, problem }) => answer ?? problem).map((each) => ({ key, each })),
    );
    const last = settled.sort((a, b) => a.each.id - b.each.id).slice(-MOST_KEPT);
    const kept = new Map<string, Asked[]>();
    for (const { key, each } of last) kept.set(key, [...(kept.get(key) ?? []), each]);
    return [...kept].map(([key, questions]) => ({ ...exampleOf(key), questions }));
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

function exampleOf(key: string): Pick<AskedAbout, 'split' | 'identifier'> {
  const at = key.indexOf('/');
  return { split: key.slice(0, at) as Split, identifier: key.slice(at + 1) };
}

/** Anything thrown, in words. */
export function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error ? error.hint : undefined;
  return typeof hint === 'string' ? { message, hint } : { message };
}
