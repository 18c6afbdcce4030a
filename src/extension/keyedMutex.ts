/** Work on the same thing one after the other, on different things at once. */
export class KeyedMutex {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Does the work when all earlier work on the same thing has ended, well or not. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(key) ?? Promise.resolve()).then(work);
    const ended = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.last.get(key) === ended) this.last.delete(key);
      });
    this.last.set(key, ended);
    return turn;
  }
}
