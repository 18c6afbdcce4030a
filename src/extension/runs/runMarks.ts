/**
 * What a person says of runs: stars, names, words. Kept by the workspace and not in the run's folder: a folder may be
 * read-only, another trainer's, or written to at this moment.
 */

/** What is said of a run; `noMark` of one that nothing is said of. */
export interface RunMark {
  starred: boolean;
  archived: boolean;
  /** Shown in place of the run's own name; empty for that. */
  name: string;
  description: string;
  tags: string[];
}

const noMark: Readonly<RunMark> = {
  starred: false,
  archived: false,
  name: '',
  description: '',
  tags: [],
};

/** `vscode.Memento`, as far as it is needed. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

const KEY = 'nlvr.runMarks';
const LONGEST_NAME = 200;
const LONGEST_DESCRIPTION = 4000;
const LONGEST_TAG = 60;
const MOST_TAGS = 50;

export class RunMarks {
  private readonly listeners = new Set<(folders: readonly string[]) => void>();
  private readonly marks: Map<string, RunMark>;

  constructor(private readonly memory: Memory) {
    const kept = Object.entries(memory.get<Record<string, unknown>>(KEY, {}));
    this.marks = new Map(kept.map(([folder, value]) => [folder, markIn(value)]));
  }

  /** @param folder of the run, absolute */
  of(folder: string): Readonly<RunMark> {
    return this.marks.get(folder) ?? noMark;
  }

  /** The name that replaces the run's own; undefined if it has none. */
  nameOf(folder: string): string | undefined {
    return this.of(folder).name || undefined;
  }

  /** @param listener gets the folders whose marks have changed */
  onDidChange(listener: (folders: readonly string[]) => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  /** Changes what is said of each of these runs. */
  async set(
    folders: readonly string[],
    change: (mark: Readonly<RunMark>) => Partial<RunMark>,
  ): Promise<void> {
    for (const folder of folders) {
      const mark = markIn({ ...this.of(folder), ...change(this.of(folder)) });
      if (JSON.stringify(mark) === JSON.stringify(noMark)) this.marks.delete(folder);
      else this.marks.set(folder, mark);
    }
    await this.memory.update(KEY, Object.fromEntries(this.marks));
    for (const listener of this.listeners) listener(folders);
  }

  /** Of runs that are no more: a new run in the same folder has nothing said of it. */
  async forget(folders: readonly string[]): Promise<void> {
    if (folders.some((folder) => this.marks.has(folder))) await this.set(folders, () => noMark);
  }
}

/** What was kept by an older or a newer version, or came from a page, as far as it is of the right kind. */
function markIn(value: unknown): RunMark {
  const { starred, archived, name, description, tags } = (value ?? {}) as Record<string, unknown>;
  const words = (text: unknown, longest: number): string =>
    typeof text === 'string' ? text.trim().slice(0, longest) : '';
  const given = Array.isArray(tags) ? tags.map((tag) => words(tag, LONGEST_TAG)) : [];
  return {
    starred: starred === true,
    archived: archived === true,
    name: words(name, LONGEST_NAME).replace(/\s+/g, ' '),
    description: words(description, LONGEST_DESCRIPTION),
    tags: [...new Set(given)].filter((tag) => tag !== '').slice(0, MOST_TAGS),
  };
}
