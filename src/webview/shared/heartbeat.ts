/** Milliseconds between two pings of a page that is seen. */
export const PING_MS = 3_000;
/** As many pings in a row without an answer are no longer a host that is busy: after 9 to 12 seconds. */
export const LOST_AFTER = 3;

/**
 * Finds out whether the host still lives. After a crash of the extension host VS Code may leave its pages on the
 * screen, and nothing notifies them. Pings are counted rather than seconds: a page whose timers were suspended (it was
 * hidden, the computer slept) has asked nothing meanwhile, and so has missed no answer.
 */
export class Heartbeat {
  private timer: ReturnType<typeof setInterval> | undefined;
  private unanswered = 0;
  private isLost = false;
  private lastTick = 0;

  /**
   * @param ping asks the host for an answer.
   * @param changed called when the host is lost and when it is back.
   * @param now milliseconds that keep running while timers are suspended.
   */
  constructor(
    private readonly ping: () => void,
    private readonly changed: (lost: boolean) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Starts to ask, the first time immediately. Does nothing if it is already asking. */
  start(): void {
    if (this.timer !== undefined) return;
    this.unanswered = 0;
    this.ask();
    this.timer = setInterval(() => this.tick(), PING_MS);
  }

  /** Asks no more, such as while the page is hidden. What was found out stays. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** The host said something, whatever it is. */
  heard(): void {
    this.unanswered = 0;
    this.notify(false);
  }

  private tick(): void {
    // Timers were suspended: the answer to the last ping may be waiting behind this very tick.
    if (this.now() - this.lastTick > 2 * PING_MS) this.unanswered = 0;
    if (this.unanswered >= LOST_AFTER) this.notify(true);
    this.ask();
  }

  private ask(): void {
    this.lastTick = this.now();
    this.unanswered++;
    this.ping();
  }

  private notify(lost: boolean): void {
    if (lost === this.isLost) return;
    this.isLost = lost;
    this.changed(lost);
  }
}
