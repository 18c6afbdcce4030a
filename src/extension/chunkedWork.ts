import { EventLoopYielder } from '../util/yieldToEventLoop';

/**
 * Processes work in pieces, in order, and yields to the event loop between them. A call of `run` while it is running
 * continues with the pieces that have arrived in the meantime, so their order is kept.
 */
export class ChunkedWork {
  private last: Promise<void> = Promise.resolve();

  /** @param nextPiece processes the next piece; returns false when there is none. */
  constructor(private readonly nextPiece: () => boolean) {}

  /** Resolves when no piece is left. */
  run(): Promise<void> {
    const turn = this.last.then(async () => {
      const yielder = new EventLoopYielder();
      while (this.nextPiece()) await yielder.yieldIfDue();
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
