/**
 * Quick picks that stay open when they lose focus: a panel that was just opened takes the focus when its page has loaded.
 * Escape closes them. The item picked last is listed first the next time.
 */
import * as vscode from 'vscode';

/** How the picked items of a list are remembered. */
interface Memorized<T> {
  /** Lists with the same name share their memory. */
  list: string;
  /** The remembered key of an item. */
  keyOf: (item: T) => string;
}

type Options<T> = Omit<vscode.QuickPickOptions, 'canPickMany' | 'ignoreFocusOut'> & {
  /** The question: the title only names the command. */
  placeHolder: string;
  remember?: Memorized<T>;
};

/** The part of `vscode.Memento` that is used. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

const MEMORY_KEY = 'nlvr.picked';
let memory: Memory | undefined;

/** Sets where picked items are stored, so that they survive a window reload. */
export function rememberPicks(where: Memory): void {
  memory = where;
}

/** Lets the user pick one item. @returns undefined when the user canceled. */
export async function pickOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  { remember, ...options }: Options<T>,
): Promise<T | undefined> {
  const isLast = lastOf(remember);
  const sorted = [...items.filter(isLast), ...items.filter((item) => !isLast(item))];
  const picked = await vscode.window.showQuickPick(sorted, { ...options, ignoreFocusOut: true });
  if (picked) await store(remember, [picked]);
  return picked;
}

/** Lets the user pick any number of items. @returns undefined when the user canceled. */
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
  if (picked) await store(remember, picked);
  return picked;
}

function lastOf<T>(remember: Memorized<T> | undefined): (item: T) => boolean {
  const last = remember && memory?.get<Picked>(MEMORY_KEY, {})[remember.list];
  return (item) => remember !== undefined && last?.includes(remember.keyOf(item)) === true;
}

/** Keys of the items picked last, by list. */
type Picked = Partial<Record<string, string[]>>;

async function store<T>(remember: Memorized<T> | undefined, picked: readonly T[]): Promise<void> {
  if (!remember || !memory) return;
  const keys = picked.map((item) => remember.keyOf(item));
  await memory.update(MEMORY_KEY, { ...memory.get<Picked>(MEMORY_KEY, {}), [remember.list]: keys });
}
