/**
 * Lists to pick from. They stay when something else takes the focus: a panel that was opened a moment ago does so when
 * its page is loaded, and would close the list that the user has just asked for. Escape closes it. What was picked last
 * comes first the next time.
 */
import * as vscode from 'vscode';

/** What is remembered of a list. */
interface Remembered<T> {
  /** Lists with the same name remember together. */
  list: string;
  /** What is remembered of an item. */
  keyOf: (item: T) => string;
}

type Options<T> = Omit<vscode.QuickPickOptions, 'canPickMany' | 'ignoreFocusOut'> & {
  /** The question: the title only names the command. */
  placeHolder: string;
  remember?: Remembered<T>;
};

/** `vscode.Memento`, as far as it is needed. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

const MEMORY = 'nlvr.picked';
let memory: Memory | undefined;

/** Keeps what is picked, from now on, where it outlives a reload of the window. */
export function rememberPicks(where: Memory): void {
  memory = where;
}

/** @returns undefined when the user chose none. */
export async function pickOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  { remember, ...options }: Options<T>,
): Promise<T | undefined> {
  const isLast = lastOf(remember);
  const sorted = [...items.filter(isLast), ...items.filter((item) => !isLast(item))];
  const picked = await vscode.window.showQuickPick(sorted, { ...options, ignoreFocusOut: true });
  if (picked) await keep(remember, [picked]);
  return picked;
}

/** @returns undefined when the user closed the list, which may be other than choosing nothing. */
export async function pickMany<T extends vscode.QuickPickItem>(
  items: readonly T[],
  { remember, ...options }: Options<T>,
): Promise<T[] | undefined> {
  const isLast = lastOf(remember);
  const shown = items.some(isLast)
    ? items.map((item) => ({ ...item, picked: isLast(item) }))
    : items;
  const picked = await vscode.window.showQuickPick(shown, {
    ...options,
    canPickMany: true,
    ignoreFocusOut: true,
  });
  if (picked) await keep(remember, picked);
  return picked;
}

function lastOf<T>(remember: Remembered<T> | undefined): (item: T) => boolean {
  const last = remember && memory?.get<Picked>(MEMORY, {})[remember.list];
  return (item) => remember !== undefined && last?.includes(remember.keyOf(item)) === true;
}

/** Keys of what was picked last, by list. */
type Picked = Partial<Record<string, string[]>>;

async function keep<T>(remember: Remembered<T> | undefined, picked: readonly T[]): Promise<void> {
  if (!remember || !memory) return;
  const keys = picked.map((item) => remember.keyOf(item));
  await memory.update(MEMORY, { ...memory.get<Picked>(MEMORY, {}), [remember.list]: keys });
}
