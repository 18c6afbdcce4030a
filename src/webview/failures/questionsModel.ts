import { Drafts, type Draft } from './drafts';
import { ExplanationModel, type ExplainedQuestion } from './explanationModel';
import type { Host } from './host';
import type { Asked, AskedAbout, AskState } from './messages';
import type { Notices } from './notices';
import { QuestionHistory, type Question } from './questionHistory';
import type { Selection } from './selection';
import type { ShownSet } from './shownSet';

/** State of the questions that survives a reload of the page. */
export interface QuestionsState {
  drafts: readonly Draft[];
  /** The latest answered questions. The host loses them when its window is closed, so the page saves them. */
  asked: readonly AskedAbout[];
}

/** The text of a question that is being written. */
type DraftText = Pick<Draft, 'sentence' | 'swapped'>;

/** Questions about the examples: drafts, answered questions, and heat maps. */
export class QuestionsModel {
  /** State of the process that runs the model. */
  process: AskState = { state: 'idle' };
  readonly history: QuestionHistory;
  readonly explanation: ExplanationModel;
  private readonly drafts: Drafts;

  /**
   * @param questionsChanged called when a draft changes, and when a question is asked or answered
   * @param changed called when the displayed heat map changes
   */
  constructor(
    private readonly host: Host,
    private readonly shownSet: ShownSet,
    selection: Selection,
    notices: Notices,
    private readonly questionsChanged: () => void,
    changed: () => void,
    state: Partial<QuestionsState>,
  ) {
    this.history = new QuestionHistory((params) => host.request('ask', params), questionsChanged);
    this.history.restore(state.asked ?? []);
    const selected = () => ({ generation: shownSet.generation, row: selection.row });
    this.explanation = new ExplanationModel(
      {
        explain: (choice) => host.request('explain', { ...selected(), ...choice }),
        save: (choice, fade) =>
          notices.catchErrors(host.request('saveExplanation', { ...selected(), ...choice, fade })),
      },
      changed,
    );
    this.drafts = new Drafts(state.drafts);
  }

  get state(): QuestionsState {
    return { drafts: this.drafts.all, asked: this.history.lastAnswered() };
  }

  /** The draft of a question about the example of a row. Initially it is the example's own sentence. */
  draftOf(row: number): DraftText {
    const { set, rows } = this.shownSet;
    const draft = set && this.drafts.of(set.split, rows.identifierOf(row));
    return draft ?? { sentence: rows.sentenceOf(row), swapped: false };
  }

  /** Changes the draft about the example of a row. A draft that equals the example is removed. */
  setDraft(row: number, change: Partial<DraftText>): void {
    const { set, rows } = this.shownSet;
    if (!set) return;
    const { split } = set;
    const identifier = rows.identifierOf(row);
    const { sentence, swapped } = { ...this.draftOf(row), ...change };
    if (sentence === rows.sentenceOf(row) && !swapped) this.drafts.remove(split, identifier);
    else this.drafts.set({ split, identifier, sentence, swapped });
    this.questionsChanged();
  }

  /** The question whose heat map can be shown now. */
  explainedQuestion(row: number): ExplainedQuestion {
    const { set, rows } = this.shownSet;
    const { sentence, swapped } = this.draftOf(row);
    const example = `${set?.split}/${rows.identifierOf(row)}`;
    return { example, sentence: sentence.trim(), swapImages: swapped };
  }

  /** Questions asked about the example of a row, oldest first. */
  about(row: number): readonly Asked[] {
    const { set, rows } = this.shownSet;
    return set ? this.history.of(set.split, rows.identifierOf(row)) : [];
  }

  /** Asks the model about the example of a row. @throws {Error} if no predictions are shown */
  async ask(row: number, question: Question): Promise<Asked> {
    const { set, rows, generation } = this.shownSet;
    if (!set) throw new Error('no predictions are shown');
    return this.history.add(set.split, rows.identifierOf(row), question, { generation, row });
  }

  /** Lets the process start and load the images of a row, because a question about it is being written. */
  prepareQuestion(row: number): void {
    if (this.process.state !== 'unavailable')
      this.host.send({ type: 'prepareQuestion', generation: this.shownSet.generation, row });
  }
}
