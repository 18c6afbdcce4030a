import type { Asked, AskedAbout, FailuresRequests, Problem, Split } from './messages';

/** Question to the model: a sentence about the images of an example, optionally swapped. */
export type Question = Pick<Asked, 'sentence' | 'swapImages' | 'swapTest'>;

/** Number of questions that are saved for a reload of the window. */
const MAX_SAVED_QUESTIONS = 50;

type AskParams = FailuresRequests['ask']['params'];

/** Questions and answers about each example. */
export class QuestionHistory {
  /** By split and identifier. */
  private readonly byExample = new Map<string, readonly Asked[]>();
  private lastId = 0;

  constructor(
    private readonly ask: (params: AskParams) => Promise<Asked>,
    private readonly changed: () => void,
  ) {}

  /** Adds questions from before the page was loaded. Known ones stay unchanged. */
  restore(asked: readonly AskedAbout[]): void {
    for (const { split, identifier, questions } of asked) {
      const known = new Map(this.of(split, identifier).map((each) => [each.id, each]));
      for (const each of questions) if (!known.has(each.id)) known.set(each.id, each);
      const all = [...known.values()].sort((a, b) => a.id - b.id);
      this.byExample.set(keyOf(split, identifier), all);
      this.lastId = Math.max(this.lastId, ...questions.map(({ id }) => id));
    }
  }

  /** The last questions that have an answer or a problem, in the form that `restore` expects. */
  lastAnswered(): AskedAbout[] {
    const settled = [...this.byExample].flatMap(([key, questions]) =>
      questions.filter(({ answer, problem }) => answer ?? problem).map((each) => ({ key, each })),
    );
    const last = settled.sort((a, b) => a.each.id - b.each.id).slice(-MAX_SAVED_QUESTIONS);
    const grouped = new Map<string, Asked[]>();
    for (const { key, each } of last) grouped.set(key, [...(grouped.get(key) ?? []), each]);
    return [...grouped].map(([key, questions]) => ({ ...exampleOf(key), questions }));
  }

  /** Oldest first. */
  of(split: Split, identifier: string): readonly Asked[] {
    return this.byExample.get(keyOf(split, identifier)) ?? [];
  }

  /** Asks a question and stores its answer. Never rejects: a failure is stored as `problem`. */
  async add(
    split: Split,
    identifier: string,
    question: Question,
    place: Pick<AskParams, 'generation' | 'row'>,
  ): Promise<Asked> {
    const id = ++this.lastId;
    const asked: Asked = { id, ...question, answer: null, problem: null };
    const key = keyOf(split, identifier);
    this.byExample.set(key, [...this.of(split, identifier), asked]);
    this.changed();
    const settled = await this.ask({ ...place, ...question, id }).catch(
      (error: unknown): Asked => ({ ...asked, problem: problemOf(error) }),
    );
    const all = this.of(split, identifier).map((each) => (each.id === id ? settled : each));
    this.byExample.set(key, all);
    this.changed();
    return settled;
  }
}

/** Key of an example. Names of splits contain no slash. */
function keyOf(split: Split, identifier: string): string {
  return `${split}/${identifier}`;
}

function exampleOf(key: string): Pick<AskedAbout, 'split' | 'identifier'> {
  const at = key.indexOf('/');
  return { split: key.slice(0, at) as Split, identifier: key.slice(at + 1) };
}

/** Converts a thrown value to a problem. */
export function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error ? error.hint : undefined;
  return typeof hint === 'string' ? { message, hint } : { message };
}
