import { Drafts, type Draft } from './drafts';
import { Explaining, type ExplainedQuestion } from './explaining';
import type { Host } from './host';
import type { Asked, AskedAbout, AskState } from './messages';
import type { Notices } from './notices';
import { Questions, type Question } from './questions';
import type { Selection } from './selection';
import type { ShownSet } from './shownSet';

/** What of the questions survives a reload of the page. */
export interface AskingState {
  drafts: readonly Draft[];
  /** The host loses what was asked with its window, so the page keeps the latest. */
  asked: readonly AskedAbout[];
}

/** The text of a question that is being written. */
type DraftText = Pick<Draft, 'sentence' | 'swapped'>;

/** The questions about the examples: those that are written, those that were asked, and where the model looks. */
export class Asking {
  /** State of the process that answers. */
  process: AskState = { state: 'idle' };
  readonly questions: Questions;
  readonly explaining: Explaining;
  private readonly drafts: Drafts;

  /**
   * @param asked called when a question was written, asked or answered
   * @param changed called when what is shown of an explanation changes
   */
  constructor(
    private readonly host: Host,
    private readonly page: ShownSet,
    selection: Selection,
    notices: Notices,
    private readonly asked: () => void,
    changed: () => void,
    state: Partial<AskingState>,
  ) {
    this.questions = new Questions((params) => host.request('ask', params), asked);
    this.questions.restore(state.asked ?? []);
    const selected = () => ({ generation: page.generation, row: selection.row });
    this.explaining = new Explaining(
      {
        explain: (choice) => host.request('explain', { ...selected(), ...choice }),
        save: (choice, fade) =>
          notices.reported(host.request('saveExplanation', { ...selected(), ...choice, fade })),
      },
      changed,
    );
    this.drafts = new Drafts(state.drafts);
  }

  get state(): AskingState {
    return { drafts: this.drafts.all, asked: this.questions.latest() };
  }

  /** The question that is being written about the example of a row: at first its own sentence. */
  draftOf(row: number): DraftText {
    const { set, rows } = this.page;
    const draft = set && this.drafts.of(set.split, rows.identifierOf(row));
    return draft ?? { sentence: rows.sentenceOf(row), swapped: false };
  }

  /** Changes the question about the example of a row; one that is the example's own again is forgotten. */
  setDraft(row: number, change: Partial<DraftText>): void {
    const { set, rows } = this.page;
    if (!set) return;
    const { split } = set;
    const identifier = rows.identifierOf(row);
    const { sentence, swapped } = { ...this.draftOf(row), ...change };
    if (sentence === rows.sentenceOf(row) && !swapped) this.drafts.remove(split, identifier);
    else this.drafts.set({ split, identifier, sentence, swapped });
    this.asked();
  }

  /** The question whose explanation may be shown now. */
  explainedQuestion(row: number): ExplainedQuestion {
    const { set, rows } = this.page;
    const { sentence, swapped } = this.draftOf(row);
    const example = `${set?.split}/${rows.identifierOf(row)}`;
    return { example, sentence: sentence.trim(), swapImages: swapped };
  }

  /** What was asked about the example of a row, oldest first. */
  about(row: number): readonly Asked[] {
    const { set, rows } = this.page;
    return set ? this.questions.of(set.split, rows.identifierOf(row)) : [];
  }

  /** Asks the model about the example of a row. @throws {Error} when there are no rows. */
  async ask(row: number, question: Question): Promise<Asked> {
    const { set, rows, generation } = this.page;
    if (!set) throw new Error('no predictions are shown');
    return this.questions.add(set.split, rows.identifierOf(row), question, { generation, row });
  }

  /** Somebody is about to ask about the example of a row. */
  prepare(row: number): void {
    if (this.process.state !== 'unavailable')
      this.host.send({ type: 'prepareAsk', generation: this.page.generation, row });
  }
}
