/** Most milliseconds of a frame that go into messages: the rest is for drawing, scrolling and typing. */
export const MESSAGES_MS = 8;

/**
 * Handles messages in their order, as many in a frame as it has time for. A host that sends a hundred thousand rows at
 * once would otherwise hold up every frame until the last of them is unpacked.
 */
export class Inbox<M> {
  private readonly waiting: M[] = [];
  private spent = 0;
  private scheduled = false;

  /**
   * @param handle also unpacks the message, so that its cost counts
   * @param nextFrame calls back when the next frame may be drawn
   * @param now milliseconds
   */
  constructor(
    private readonly handle: (message: M) => void,
    private readonly nextFrame: (run: () => void) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  push(message: M): void {
    this.waiting.push(message);
    this.work();
  }

  private work(): void {
    while (this.spent < MESSAGES_MS) {
      const message = this.waiting.shift();
      if (message === undefined) break;
      const began = this.now();
      try {
        this.handle(message);
      } finally {
        this.spent += this.now() - began;
        this.renewSoon();
      }
    }
  }

  private renewSoon(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.nextFrame(() => {
      this.scheduled = false;
      this.spent = 0;
      this.work();
    });
  }
}

/** The next frame of a page; a hidden one has none. */
export function afterFrame(run: () => void): void {
  if (document.visibilityState === 'hidden') setTimeout(run, 0);
  else requestAnimationFrame(run);
}
