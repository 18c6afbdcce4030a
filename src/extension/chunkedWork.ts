import { EventLoopYielder } from '../util/yieldToEventLoop';

/**
 * Work that comes in pieces, done one after the other with turns for others in between. Asked to run while it is at
 * work it continues with what has arrived in the meantime, so that pieces never overtake each other.
 */
export class ChunkedWork {
  private last: Promise<void> = Promise.resolve();

  /** @param piece does the next piece; false when there is none. */
  constructor(private readonly piece: () => boolean) {}

  /** Resolves when no piece is left. */
  run(): Promise<void> {
    const turn = this.last.then(async () => {
      const breather = new EventLoopYielder();
      while (this.piece()) await breather.yieldIfDue();
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
