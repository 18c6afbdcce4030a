/** Work in progress in this window, by key. */
const inProgress = new Map<string, Promise<unknown>>();

/** Starts work, or returns the promise of work in progress with the same key. */
export function shareWork<T>(key: string, work: () => Promise<T>): Promise<T> {
  const known = inProgress.get(key) as Promise<T> | undefined;
  if (known) return known;
  const started = work().finally(() => inProgress.delete(key));
  inProgress.set(key, started);
  return started;
}

/** Whether work with this key is in progress. */
export function isRunning(key: string): boolean {
  return inProgress.has(key);
}
