import type { AskAnswer, FailuresRequests } from './messages';

/** A failure in words, with what to do. */
export interface Problem {
  message: string;
  hint: string | undefined;
}

/** A changed question with its answer, or why there was none; neither while it is being answered. */
export interface Asked {
  id: number;
  sentence: string;
  swapImages: boolean;
  /** Images and the words left and right exchanged: the answer should stay. */
  swapTest: boolean;
  answer: AskAnswer | null;
  problem: Problem | null;
}

type AskParams = FailuresRequests['ask']['params'];

/** The questions asked about each example while the panel is open, with their answers. */
export class Questions {
  private readonly about = new Map<string, readonly Asked[]>();
  private nextId = 1;

  constructor(
    private readonly ask: (params: AskParams) => Promise<AskAnswer>,
    private readonly changed: () => void,
  ) {}

  /** Oldest first. */
  of(identifier: string): readonly Asked[] {
    return this.about.get(identifier) ?? [];
  }

  /** Asks and keeps question and answer. Never rejects: a failure is kept as `problem`. */
  async add(
    identifier: string,
    question: Pick<Asked, 'sentence' | 'swapImages' | 'swapTest'>,
    place: Pick<AskParams, 'generation' | 'row'>,
  ): Promise<Asked> {
    const asked: Asked = { id: this.nextId++, ...question, answer: null, problem: null };
    this.about.set(identifier, [...this.of(identifier), asked]);
    this.changed();
    const { sentence, swapImages } = question;
    const settled = await this.ask({ ...place, sentence, swapImages }).then(
      (answer): Asked => ({ ...asked, answer }),
      (error: unknown): Asked => ({ ...asked, problem: problemOf(error) }),
    );
    const all = this.of(identifier).map((each) => (each.id === asked.id ? settled : each));
    this.about.set(identifier, all);
    this.changed();
    return settled;
  }
}

/** Anything thrown, in words. */
export function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error ? error.hint : undefined;
  return { message, hint: typeof hint === 'string' ? hint : undefined };
}
