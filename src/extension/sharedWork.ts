/** Work that is under way in this window, by what it is about. */
const underWay = new Map<string, Promise<unknown>>();

/** Does the work, or takes part in the same work that is under way. */
export function shareWork<T>(about: string, work: () => Promise<T>): Promise<T> {
  const known = underWay.get(about) as Promise<T> | undefined;
  if (known) return known;
  const started = work().finally(() => underWay.delete(about));
  underWay.set(about, started);
  return started;
}

/** Whether such work is under way. */
export function isRunning(about: string): boolean {
  return underWay.has(about);
}
