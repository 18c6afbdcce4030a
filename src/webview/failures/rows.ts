import type { ExampleNote, RowColumns } from './messages';

/** How an answer compares with its label. */
export type Verdict = 'right' | 'wrong' | 'unlabelled';

/** No answer of an epoch for a row. */
export const NO_ANSWER = 255;

/**
 * The rows of one prediction file in the webview: columns in typed arrays that grow by doubling, strings
 * shared by id. A hundred thousand rows filter and sort within a frame this way.
 */
export class Rows {
  count = 0;
  readonly identifiers: string[] = [];
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
  private readonly lowered: string[] = [];
  private readonly loweredIdentifiers: string[] = [];
  private readonly rowsOfSet = new Map<number, number[]>();
  /** How many rows have each verdict. */
  readonly verdicts: Record<Verdict, number> = { right: 0, wrong: 0, unlabelled: 0 };

  append(columns: RowColumns): void {
    const { first, count } = columns;
    this.reserve(first + count);
    for (const identifier of columns.identifiers) this.identifiers.push(identifier);
    for (const sentence of columns.newSentences) this.sentences.push(sentence);
    for (const kind of columns.newKinds) this.kinds.push(kind);
    for (const name of COLUMNS) this[name].set(columns[name], first);
    this.count = first + count;
    // As they come: for all of them at once the first drawing, or the first letter of a search, would take some frames.
    this.lower();
    for (let row = first; row < this.count; row++) {
      this.verdicts[this.verdict(row)] += 1;
      this.group(row);
    }
  }

  verdict(row: number): Verdict {
    const label = this.label[row];
    return label === -1 ? 'unlabelled' : label === this.prediction[row] ? 'right' : 'wrong';
  }

  /** Probability of the answer given, 0.5 … 1; NaN where the output was not finite. */
  confidence(row: number): number {
    const probTrue = this.probTrue[row] ?? NaN;
    return this.prediction[row] === 1 ? probTrue : 1 - probTrue;
  }

  sentenceOf(row: number): string {
    return this.sentences[this.sentence[row] ?? -1] ?? '';
  }

  /** The distinct sentences in lower case, for searching. */
  get lowerSentences(): readonly string[] {
    return this.lowered;
  }

  /** The identifiers in lower case, for searching. */
  get lowerIdentifiers(): readonly string[] {
    return this.loweredIdentifiers;
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

  /** The tags of the split with how many examples have them, in alphabetical order. */
  get tags(): [tag: string, examples: number][] {
    const counts = new Map<string, number>();
    for (const { tags } of this.notes.values())
      for (const tag of tags ?? []) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The rows of the same consistency group or sentence, the row itself among them, in file order. */
  together(row: number): readonly number[] {
    return this.rowsOfSet.get(this.set[row] ?? -1) ?? [row];
  }

  /** Verdicts of a row over the epochs known, oldest first. */
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
              ? 'unlabelled'
              : label === answer
                ? 'right'
                : 'wrong';
        return { epoch, verdict, answer: answer === 1 };
      });
  }

  private lower(): void {
    for (let id = this.lowered.length; id < this.sentences.length; id++)
      this.lowered.push((this.sentences[id] ?? '').toLowerCase());
    for (let row = this.loweredIdentifiers.length; row < this.count; row++)
      this.loweredIdentifiers.push(this.identifierOf(row).toLowerCase());
  }

  private group(row: number): void {
    const set = this.set[row] ?? -1;
    const group = this.rowsOfSet.get(set);
    if (group) group.push(row);
    else this.rowsOfSet.set(set, [row]);
  }

  private reserve(size: number): void {
    if (this.label.length >= size) return;
    const capacity = Math.max(size, this.label.length * 2, 4096);
    this.sentence = grown(this.sentence, new Int32Array(capacity));
    this.kind = grown(this.kind, new Int32Array(capacity));
    this.set = grown(this.set, new Int32Array(capacity));
    this.index = grown(this.index, new Int32Array(capacity));
    this.label = grown(this.label, new Int8Array(capacity));
    this.prediction = grown(this.prediction, new Uint8Array(capacity));
    this.probTrue = grown(this.probTrue, new Float32Array(capacity));
    this.loss = grown(this.loss, new Float32Array(capacity));
    this.left = grown(this.left, new Int32Array(capacity));
    this.right = grown(this.right, new Int32Array(capacity));
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

function grown<A extends { set(from: A): void }>(from: A, to: A): A {
  to.set(from);
  return to;
}
