/** The queue of trainings. Stored in the workspace state, so that it survives a window reload. */
import { randomUUID } from 'node:crypto';

export interface QueuedTraining {
  id: string;
  /** The user's configuration file, absolute. */
  configFile: string;
  /** The configuration when it was queued, with absolute paths: the file may change afterward. */
  config: string;
  /** Absolute. The run gets this folder, or the next free name if it exists. */
  outputDir: string;
  /** Differences from the configuration of the active run: `init_lr: 3e-5 → 1e-4`. */
  changes: string[];
  /** ISO 8601 */
  added: string;
}

/** The part of `vscode.Memento` that is used. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

const KEY = 'nlvr.queue';

export class TrainingQueue {
  private readonly listeners = new Set<() => void>();

  constructor(private readonly memory: Memory) {}

  /** The trainings in the order in which they start. */
  get items(): readonly QueuedTraining[] {
    return this.memory.get<QueuedTraining[]>(KEY, []).filter(isItem);
  }

  onDidChange(listener: () => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  async add(item: Omit<QueuedTraining, 'id' | 'added'>): Promise<QueuedTraining> {
    const added = { ...item, id: randomUUID(), added: new Date().toISOString() };
    await this.store([...this.items, added]);
    return added;
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.store(this.items.filter(({ id }) => !ids.includes(id)));
  }

  async clear(): Promise<void> {
    await this.store([]);
  }

  /** Moves items before another one, or to the end, and keeps their order. */
  async move(ids: readonly string[], before: string | undefined): Promise<void> {
    const moved = this.items.filter(({ id }) => ids.includes(id));
    const others = this.items.filter(({ id }) => !ids.includes(id));
    const target = before === undefined ? -1 : others.findIndex(({ id }) => id === before);
    const at = target < 0 ? others.length : target;
    await this.store([...others.slice(0, at), ...moved, ...others.slice(at)]);
  }

  /** Moves an item by one position; -1 starts it earlier. */
  async shift(id: string, by: -1 | 1): Promise<void> {
    const items = [...this.items];
    const from = items.findIndex((item) => item.id === id);
    const to = from + by;
    if (from < 0 || to < 0 || to >= items.length) return;
    [items[from], items[to]] = [items[to], items[from]];
    await this.store(items);
  }

  private async store(items: readonly QueuedTraining[]): Promise<void> {
    await this.memory.update(KEY, items);
    for (const listener of this.listeners) listener();
  }
}

/** Whether a stored value is an item: another version may have stored something else. */
function isItem(value: Partial<Record<keyof QueuedTraining, unknown>>): boolean {
  const { id, configFile, config, outputDir, changes, added } = value;
  const texts = [id, configFile, config, outputDir, added];
  return texts.every((each) => typeof each === 'string') && Array.isArray(changes);
}
