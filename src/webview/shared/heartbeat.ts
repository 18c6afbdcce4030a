/** Milliseconds between two pings of a visible page. */
export const PING_MS = 3_000;
/** Number of consecutive unanswered pings after which the host counts as lost rather than busy: 9 to 12 seconds. */
export const LOST_AFTER_PINGS = 3;

/**
 * Detects whether the host still responds. After a crash of the extension host VS Code may keep its pages on the
 * screen without notifying them. Counts pings rather than seconds: a page whose timers were suspended (because it was
 * hidden or the computer slept) has sent no ping during that time, so no answer is missing.
 */
export class Heartbeat {
  private timer: ReturnType<typeof setInterval> | undefined;
  private unanswered = 0;
  private isLost = false;
  private lastTick = 0;

  /**
   * @param ping sends a ping to the host
   * @param changed called when the host is lost and when it is back
   * @param now clock in milliseconds that also advances while timers are suspended
   */
  constructor(
    private readonly ping: () => void,
    private readonly changed: (lost: boolean) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Starts to send pings, the first one immediately. Does nothing if already started. */
  start(): void {
    if (this.timer !== undefined) return;
    this.unanswered = 0;
    this.ask();
    this.timer = setInterval(() => this.tick(), PING_MS);
  }

  /** Stops sending pings, for example while the page is hidden. Keeps the last state. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Records that any message arrived from the host. */
  messageReceived(): void {
    this.unanswered = 0;
    this.notify(false);
  }

  private tick(): void {
    // Timers were suspended: the answer to the last ping may be queued after this tick.
    if (this.now() - this.lastTick > 2 * PING_MS) this.unanswered = 0;
    if (this.unanswered >= LOST_AFTER_PINGS) this.notify(true);
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
