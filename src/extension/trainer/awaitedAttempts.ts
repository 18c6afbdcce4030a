/** Attempts whose end a command of this window waits for and shows itself: there is no second notification. */
const awaited = new Set<string>();

/** Does something whose outcome the caller shows. */
export async function awaiting<T>(id: string, work: () => Promise<T>): Promise<T> {
  awaited.add(id);
  try {
    return await work();
  } finally {
    awaited.delete(id);
  }
}

export function isAwaited(id: string | undefined): boolean {
  return id !== undefined && awaited.has(id);
}
