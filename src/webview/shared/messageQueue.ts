/** Milliseconds of a frame that messages may take; the rest is for drawing, scrolling and typing. */
export const FRAME_BUDGET_MS = 8;

/**
 * Handles messages in order, within a time budget per frame. Otherwise a host that sends a hundred thousand rows at once
 * would block rendering until the last of them is deserialized.
 */
export class MessageQueue<M> {
  private readonly waiting: M[] = [];
  private spent = 0;
  private scheduled = false;

  /**
   * @param handle handles a message, including its deserialization
   * @param nextFrame schedules a callback for the next frame
   * @param now clock in milliseconds
   */
  constructor(
    private readonly handle: (message: M) => void,
    private readonly nextFrame: (run: () => void) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  push(message: M): void {
    this.waiting.push(message);
    this.drain();
  }

  private drain(): void {
    while (this.spent < FRAME_BUDGET_MS) {
      const message = this.waiting.shift();
      if (message === undefined) break;
      const began = this.now();
      try {
        this.handle(message);
      } finally {
        this.spent += this.now() - began;
        this.scheduleFrame();
      }
    }
  }

  private scheduleFrame(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.nextFrame(() => {
      this.scheduled = false;
      this.spent = 0;
      this.drain();
    });
  }
}

/** Runs a callback in the next frame; in a hidden page, which has no frames, in the next task. */
export function onNextFrame(run: () => void): void {
  if (document.visibilityState === 'hidden') setTimeout(run, 0);
  else requestAnimationFrame(run);
}
