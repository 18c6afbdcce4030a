import { DEFAULT_FADE } from '../../util/heatMap';
import { problemOf } from './questions';
import type { ExplainChoice, Explained, FailuresRequests, Problem } from './messages';

/** What is explained: the current question about one example. */
export interface ExplainedQuestion {
  example: string;
  sentence: string;
  swapImages: boolean;
}

/** What of it is shown. */
export type Shown = Omit<ExplainChoice, 'sentence' | 'swapImages'>;

interface Sender {
  explain(choice: ExplainChoice): Promise<FailuresRequests['explain']['result']>;
  save(choice: ExplainChoice, fade: number): Promise<{ file: string | null } | null>;
}

/**
 * Where the model looks: what was chosen, what came back, and whether it is drawn. Word and answer belong to a
 * question; layer, head, method and strength stay for the next one. Every change ends in `changed`.
 */
export class Explaining {
  shown: Shown = { word: 0, layer: null, head: null, method: 'gradcam', answer: null };
  fade = DEFAULT_FADE;
  /** The maps lie over the images. */
  isDrawn = true;
  isWaiting = false;
  private result: Explained | null = null;
  private failure: Problem | null = null;
  private of: ExplainedQuestion | null = null;
  /** Number of the last request: answers to earlier ones are dropped. */
  private last = 0;

  constructor(
    private readonly sender: Sender,
    private readonly changed: () => void,
  ) {}

  /** The explanation of a question; null when there is none, or one of another question. */
  explained(question: ExplainedQuestion): Explained | null {
    return this.isAbout(question) ? this.result : null;
  }

  problem(question: ExplainedQuestion): Problem | null {
    return this.isAbout(question) ? this.failure : null;
  }

  waitsFor(question: ExplainedQuestion): boolean {
    return this.isWaiting && this.isAbout(question);
  }

  /** Asks where the model looks, with a change of what is shown. @returns what came, null when something else was wanted meanwhile. */
  async show(question: ExplainedQuestion, change: Partial<Shown> = {}): Promise<Explained | null> {
    const isNew = !this.isAbout(question);
    if (isNew) this.result = null;
    this.of = question;
    this.shown = { ...this.shown, ...(isNew && { word: 0, answer: null }), ...change };
    this.failure = null;
    this.isDrawn = true;
    this.isWaiting = true;
    const number = ++this.last;
    this.changed();
    const { explained, problem } = await this.sender
      .explain(this.choiceOf(question))
      .catch((error: unknown) => ({ explained: null, problem: problemOf(error) }));
    if (number !== this.last) return null;
    this.isWaiting = false;
    // What was shown stays next to the reason why nothing new is.
    this.result = explained ?? this.result;
    this.failure = problem;
    if (explained) this.shown = { ...this.shown, word: explained.word };
    this.changed();
    return explained;
  }

  /** Waits no longer; the process may still be at it, its answer is dropped. */
  cancel(): void {
    this.last++;
    this.isWaiting = false;
    this.changed();
  }

  draw(isDrawn: boolean): void {
    this.isDrawn = isDrawn;
    this.changed();
  }

  setFade(fade: number): void {
    this.fade = fade;
    this.isDrawn = true;
    this.changed();
  }

  /** @returns the file's name, null when it was not saved. */
  async save(question: ExplainedQuestion): Promise<string | null> {
    const saved = await this.sender.save(this.choiceOf(question), this.fade);
    return saved?.file ?? null;
  }

  private choiceOf({ sentence, swapImages }: ExplainedQuestion): ExplainChoice {
    return { sentence, swapImages, ...this.shown };
  }

  private isAbout({ example, sentence, swapImages }: ExplainedQuestion): boolean {
    const { of } = this;
    return of?.example === example && of.sentence === sentence && of.swapImages === swapImages;
  }
}
