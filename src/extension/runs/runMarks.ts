/**
 * The user's stars, names, descriptions and tags of runs. Stored in the workspace state and not in the run's folder, which
 * may be read-only, belong to another trainer, or be written to.
 */

/** The marks of a run; `noMark` if it has none. */
export interface RunMark {
  starred: boolean;
  archived: boolean;
  /** Shown instead of the run's own name unless empty. */
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

/** The part of `vscode.Memento` that is used. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

const KEY = 'nlvr.runMarks';
const MAX_NAME_LENGTH = 200;
const MAX_DESCRIPTION_LENGTH = 4000;
const MAX_TAG_LENGTH = 60;
const MAX_TAGS = 50;

export class RunMarks {
  private readonly listeners = new Set<(folders: readonly string[]) => void>();
  private readonly marks: Map<string, RunMark>;

  constructor(private readonly memory: Memory) {
    const kept = Object.entries(memory.get<Record<string, unknown>>(KEY, {}));
    this.marks = new Map(kept.map(([folder, value]) => [folder, parseMark(value)]));
  }

  /** @param folder folder of the run, absolute */
  of(folder: string): Readonly<RunMark> {
    return this.marks.get(folder) ?? noMark;
  }

  /** The name that replaces the run's own; undefined if it has none. */
  nameOf(folder: string): string | undefined {
    return this.of(folder).name || undefined;
  }

  /** @param listener receives the folders whose marks have changed */
  onDidChange(listener: (folders: readonly string[]) => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  /** Changes the marks of each of these runs. */
  async set(
    folders: readonly string[],
    change: (mark: Readonly<RunMark>) => Partial<RunMark>,
  ): Promise<void> {
    for (const folder of folders) {
      const mark = parseMark({ ...this.of(folder), ...change(this.of(folder)) });
      if (JSON.stringify(mark) === JSON.stringify(noMark)) this.marks.delete(folder);
      else this.marks.set(folder, mark);
    }
    await this.memory.update(KEY, Object.fromEntries(this.marks));
    for (const listener of this.listeners) listener(folders);
  }

  /** Removes the marks of deleted runs, so that a new run in the same folder has none. */
  async forget(folders: readonly string[]): Promise<void> {
    if (folders.some((folder) => this.marks.has(folder))) await this.set(folders, () => noMark);
  }
}

/** Validates marks that another version stored or a page sent. */
function parseMark(value: unknown): RunMark {
  const { starred, archived, name, description, tags } = (value ?? {}) as Record<string, unknown>;
  const clean = (text: unknown, maxLength: number): string =>
    typeof text === 'string' ? text.trim().slice(0, maxLength) : '';
  const given = Array.isArray(tags) ? tags.map((tag) => clean(tag, MAX_TAG_LENGTH)) : [];
  return {
    starred: starred === true,
    archived: archived === true,
    name: clean(name, MAX_NAME_LENGTH).replace(/\s+/g, ' '),
    description: clean(description, MAX_DESCRIPTION_LENGTH),
    tags: [...new Set(given)].filter((tag) => tag !== '').slice(0, MAX_TAGS),
  };
}
