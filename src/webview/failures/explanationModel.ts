import { DEFAULT_FADE } from '../../util/heatMap';
import { problemOf } from './questionHistory';
import type { ExplainChoice, Explained, FailuresRequests, Problem } from './messages';

/** Question whose answer is explained. */
export interface ExplainedQuestion {
  example: string;
  sentence: string;
  swapImages: boolean;
}

/** Options of the heat map. */
export type ExplanationOptions = Omit<ExplainChoice, 'sentence' | 'swapImages'>;

interface Sender {
  explain(choice: ExplainChoice): Promise<FailuresRequests['explain']['result']>;
  save(choice: ExplainChoice, fade: number): Promise<{ file: string | null } | null>;
}

/**
 * Heat map of the model's attention: its options, the result, and whether it is visible. Word and answer belong to one
 * question; layer, head, method and opacity are kept for the next one. Every change calls `changed`.
 */
export class ExplanationModel {
  options: ExplanationOptions = {
    word: 0,
    layer: null,
    head: null,
    method: 'gradcam',
    answer: null,
  };
  fade = DEFAULT_FADE;
  /** Whether the heat maps are visible over the images. */
  isDrawn = true;
  isWaiting = false;
  private result: Explained | null = null;
  private failure: Problem | null = null;
  private question: ExplainedQuestion | null = null;
  /** Number of the last request. Answers to earlier ones are dropped. */
  private lastRequest = 0;

  constructor(
    private readonly sender: Sender,
    private readonly changed: () => void,
  ) {}

  /** The explanation of a question; null if there is none, or only one of another question. */
  explained(question: ExplainedQuestion): Explained | null {
    return this.isAbout(question) ? this.result : null;
  }

  problem(question: ExplainedQuestion): Problem | null {
    return this.isAbout(question) ? this.failure : null;
  }

  isWaitingFor(question: ExplainedQuestion): boolean {
    return this.isWaiting && this.isAbout(question);
  }

  /** Requests the heat map of a question with changed options. @returns null if it failed or another request followed */
  async show(
    question: ExplainedQuestion,
    change: Partial<ExplanationOptions> = {},
  ): Promise<Explained | null> {
    const isNew = !this.isAbout(question);
    if (isNew) this.result = null;
    this.question = question;
    this.options = { ...this.options, ...(isNew && { word: 0, answer: null }), ...change };
    this.failure = null;
    this.isDrawn = true;
    this.isWaiting = true;
    const number = ++this.lastRequest;
    this.changed();
    const { explained, problem } = await this.sender
      .explain(this.choiceOf(question))
      .catch((error: unknown) => ({ explained: null, problem: problemOf(error) }));
    if (number !== this.lastRequest) return null;
    this.isWaiting = false;
    // After a failure the previous heat map stays visible next to the error.
    this.result = explained ?? this.result;
    this.failure = problem;
    if (explained) this.options = { ...this.options, word: explained.word };
    this.changed();
    return explained;
  }

  /** Stops waiting. The process may still be computing; its answer is dropped. */
  cancel(): void {
    this.lastRequest++;
    this.isWaiting = false;
    this.changed();
  }

  setDrawn(isDrawn: boolean): void {
    this.isDrawn = isDrawn;
    this.changed();
  }

  setFade(fade: number): void {
    this.fade = fade;
    this.isDrawn = true;
    this.changed();
  }

  /** Saves the images with the heat map. @returns the name of the file; null if it was not saved */
  async save(question: ExplainedQuestion): Promise<string | null> {
    const saved = await this.sender.save(this.choiceOf(question), this.fade);
    return saved?.file ?? null;
  }

  private choiceOf({ sentence, swapImages }: ExplainedQuestion): ExplainChoice {
    return { sentence, swapImages, ...this.options };
  }

  private isAbout({ example, sentence, swapImages }: ExplainedQuestion): boolean {
    const { question } = this;
    return (
      question?.example === example &&
      question.sentence === sentence &&
      question.swapImages === swapImages
    );
  }
}
