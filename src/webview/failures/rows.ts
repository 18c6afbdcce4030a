import type { ExampleNote, RowColumns } from './messages';

/** How an answer compares with its label. */
export type Verdict = 'right' | 'wrong' | 'unlabeled';

/** Code for a row without an answer in an epoch. */
export const NO_ANSWER = 255;

/** Rows that arrived together, and their identifiers in lower case, with spaces between them. */
export interface IdentifierBlock {
  readonly first: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Rows of one prediction file in the webview: columns in typed arrays that grow by doubling, and strings shared by id, so
 * that a hundred thousand rows can be filtered and sorted within a frame.
 */
export class Rows {
  count = 0;
  readonly identifiers: string[] = [];
  /** For searching: most words occur in no identifier, which takes one search per block. */
  readonly identifierBlocks: IdentifierBlock[] = [];
  readonly sentences: string[] = [];
  readonly kinds: string[] = [];
  sentence = new Int32Array(0);
  kind = new Int32Array(0);
  set = new Int32Array(0);
  index = new Int32Array(0);
  label = new Int8Array(0);
  prediction = new Uint8Array(0);
  probTrue = new Float32Array(0);
  loss = new Float32Array(0);
  left = new Int32Array(0);
  right = new Int32Array(0);
  /** Answers of other epochs, by epoch. */
  readonly history = new Map<number, Uint8Array>();
  /** Marks and notes by identifier. */
  notes = new Map<string, ExampleNote>();
  private readonly lowerCaseSentences: string[] = [];
  private readonly groups = new Map<number, number[]>();
  /** Number of rows by verdict. */
  readonly verdicts: Record<Verdict, number> = { right: 0, wrong: 0, unlabeled: 0 };

  append(columns: RowColumns): void {
    const { first, count } = columns;
    this.reserve(first + count);
    for (const identifier of columns.identifiers) this.identifiers.push(identifier);
    for (const sentence of columns.newSentences) this.sentences.push(sentence);
    for (const kind of columns.newKinds) this.kinds.push(kind);
    for (const name of COLUMNS) this[name].set(columns[name], first);
    this.count = first + count;
    // Done incrementally: for all rows at once the first rendering or search would take several frames.
    this.indexForSearch(first);
    for (let row = first; row < this.count; row++) {
      this.verdicts[this.verdict(row)] += 1;
      this.addToGroup(row);
    }
  }

  verdict(row: number): Verdict {
    const label = this.label[row];
    return label === -1 ? 'unlabeled' : label === this.prediction[row] ? 'right' : 'wrong';
  }

  /** Probability of the predicted answer, 0.5 … 1; NaN if the output was not finite. */
  confidence(row: number): number {
    const probTrue = this.probTrue[row] ?? NaN;
    return this.prediction[row] === 1 ? probTrue : 1 - probTrue;
  }

  sentenceOf(row: number): string {
    return this.sentences[this.sentence[row] ?? -1] ?? '';
  }

  /** The distinct sentences in lower case, for searching. */
  get lowerSentences(): readonly string[] {
    return this.lowerCaseSentences;
  }

  kindOf(row: number): string | null {
    return this.kinds[this.kind[row] ?? -1] ?? null;
  }

  identifierOf(row: number): string {
    return this.identifiers[row] ?? '';
  }

  noteOf(row: number): ExampleNote {
    return this.notes.get(this.identifierOf(row)) ?? { marked: false, note: '' };
  }

  /** Tags of the split with their number of examples, in alphabetical order. */
  get tags(): [tag: string, examples: number][] {
    const counts = new Map<string, number>();
    for (const { tags } of this.notes.values())
      for (const tag of tags ?? []) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Rows of the same consistency group or sentence, including the row itself, in file order. */
  rowsOfGroup(row: number): readonly number[] {
    return this.groups.get(this.set[row] ?? -1) ?? [row];
  }

  /** Verdicts of a row over the known epochs, oldest first. */
  epochsOf(row: number): { epoch: number; verdict: Verdict | 'none'; answer: boolean }[] {
    return [...this.history]
      .sort(([a], [b]) => a - b)
      .map(([epoch, answers]) => {
        const answer = answers[row] ?? NO_ANSWER;
        const label = this.label[row];
        const verdict =
          answer === NO_ANSWER
            ? 'none'
            : label === -1
              ? 'unlabeled'
              : label === answer
                ? 'right'
                : 'wrong';
        return { epoch, verdict, answer: answer === 1 };
      });
  }

  private indexForSearch(first: number): void {
    for (let id = this.lowerCaseSentences.length; id < this.sentences.length; id++)
      this.lowerCaseSentences.push((this.sentences[id] ?? '').toLowerCase());
    const text = this.identifiers.slice(first, this.count).join(' ').toLowerCase();
    this.identifierBlocks.push({ first, end: this.count, text });
  }

  private addToGroup(row: number): void {
    const set = this.set[row] ?? -1;
    const group = this.groups.get(set);
    if (group) group.push(row);
    else this.groups.set(set, [row]);
  }

  private reserve(size: number): void {
    if (this.label.length >= size) return;
    const capacity = Math.max(size, this.label.length * 2, 4096);
    this.sentence = grow(this.sentence, new Int32Array(capacity));
    this.kind = grow(this.kind, new Int32Array(capacity));
    this.set = grow(this.set, new Int32Array(capacity));
    this.index = grow(this.index, new Int32Array(capacity));
    this.label = grow(this.label, new Int8Array(capacity));
    this.prediction = grow(this.prediction, new Uint8Array(capacity));
    this.probTrue = grow(this.probTrue, new Float32Array(capacity));
    this.loss = grow(this.loss, new Float32Array(capacity));
    this.left = grow(this.left, new Int32Array(capacity));
    this.right = grow(this.right, new Int32Array(capacity));
  }
}

const COLUMNS = [
  'sentence',
  'kind',
  'set',
  'index',
  'label',
  'prediction',
  'probTrue',
  'loss',
  'left',
  'right',
] as const;

function grow<A extends { set(from: A): void }>(from: A, to: A): A {
  to.set(from);
  return to;
}
