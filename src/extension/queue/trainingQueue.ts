/** Trainings that wait for others to end. Kept by the workspace, so that a reload of the window loses nothing. */
import { randomUUID } from 'node:crypto';

export interface QueuedTraining {
  id: string;
  /** The user's configuration file, absolute. */
  configFile: string;
  /** The configuration as it was when it was queued, all paths absolute: the file may change for the next one. */
  config: string;
  /** Absolute; the run gets this folder or the next one that is free. */
  outputDir: string;
  /** What sets it apart from the run it waits for: `init_lr: 3e-5 → 1e-4`. */
  changes: string[];
  /** ISO 8601 */
  added: string;
}

/** `vscode.Memento`, as far as it is needed. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

const KEY = 'nlvr.queue';

export class TrainingQueue {
  private readonly listeners = new Set<() => void>();

  constructor(private readonly memory: Memory) {}

  /** In the order in which they start. */
  get items(): readonly QueuedTraining[] {
    return this.memory.get<QueuedTraining[]>(KEY, []).filter(isItem);
  }

  onDidChange(listener: () => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  async add(item: Omit<QueuedTraining, 'id' | 'added'>): Promise<QueuedTraining> {
    const added = { ...item, id: randomUUID(), added: new Date().toISOString() };
    await this.set([...this.items, added]);
    return added;
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.set(this.items.filter(({ id }) => !ids.includes(id)));
  }

  async clear(): Promise<void> {
    await this.set([]);
  }

  /** Moves items before another one, in their existing order; to the end without one. */
  async move(ids: readonly string[], before: string | undefined): Promise<void> {
    const moved = this.items.filter(({ id }) => ids.includes(id));
    const others = this.items.filter(({ id }) => !ids.includes(id));
    const place = before === undefined ? -1 : others.findIndex(({ id }) => id === before);
    const at = place < 0 ? others.length : place;
    await this.set([...others.slice(0, at), ...moved, ...others.slice(at)]);
  }

  /** Moves an item by one place: -1 starts it earlier. */
  async shift(id: string, by: -1 | 1): Promise<void> {
    const items = [...this.items];
    const from = items.findIndex((item) => item.id === id);
    const to = from + by;
    if (from < 0 || to < 0 || to >= items.length) return;
    [items[from], items[to]] = [items[to], items[from]];
    await this.set(items);
  }

  private async set(items: readonly QueuedTraining[]): Promise<void> {
    await this.memory.update(KEY, items);
    for (const listener of this.listeners) listener();
  }
}

/** What an older or a newer version kept may be something else. */
function isItem(value: Partial<Record<keyof QueuedTraining, unknown>>): boolean {
  const { id, configFile, config, outputDir, changes, added } = value;
  const texts = [id, configFile, config, outputDir, added];
  return texts.every((each) => typeof each === 'string') && Array.isArray(changes);
}
