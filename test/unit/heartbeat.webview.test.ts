import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat, LOST_AFTER_PINGS, PING_MS } from '../../src/webview/shared/heartbeat';

describe('Heartbeat', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** A page with a host that answers after `delay` milliseconds; null for never. */
  function page(delay: number | null = 0) {
    const reports: boolean[] = [];
    const host = { delay, pings: 0 };
    const heartbeat: Heartbeat = new Heartbeat(
      () => {
        host.pings++;
        if (host.delay !== null) setTimeout(() => heartbeat.messageReceived(), host.delay);
      },
      (lost) => reports.push(lost),
    );
    heartbeat.start();
    return { heartbeat, host, reports };
  }

  it('reports nothing while the host answers', () => {
    const { host, reports } = page();
    vi.advanceTimersByTime(600_000);
    expect(host.pings).toBeGreaterThan(100);
    expect(reports).toEqual([]);
  });

  it('reports a lost host once after about ten seconds, and its return', () => {
    const { host, reports } = page();
    vi.advanceTimersByTime(60_000);
    host.delay = null;
    vi.advanceTimersByTime(8_500);
    expect(reports).toEqual([]);
    vi.advanceTimersByTime(4_000);
    expect(reports).toEqual([true]);
    vi.advanceTimersByTime(60_000);
    expect(reports).toEqual([true]);
    host.delay = 10;
    vi.advanceTimersByTime(PING_MS + 10);
    expect(reports).toEqual([true, false]);
  });

  it('reports a host that never answered', () => {
    const { reports } = page(null);
    vi.advanceTimersByTime(LOST_AFTER_PINGS * PING_MS);
    expect(reports).toEqual([true]);
  });

  it('waits for a host that is only busy', () => {
    const { reports } = page(8_000);
    vi.advanceTimersByTime(600_000);
    expect(reports).toEqual([]);
  });

  it('accepts any message as a sign of life', () => {
    const { heartbeat, host, reports } = page();
    host.delay = null;
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(7_000);
      heartbeat.messageReceived();
    }
    expect(reports).toEqual([]);
  });

  it('sends no ping while it is stopped, and restarts the count', () => {
    const { heartbeat, host, reports } = page(null);
    vi.advanceTimersByTime(2 * PING_MS);
    heartbeat.stop();
    const { pings } = host;
    vi.advanceTimersByTime(600_000);
    expect(host.pings).toBe(pings);
    host.delay = 0;
    heartbeat.start();
    heartbeat.start();
    expect(host.pings).toBe(pings + 1);
    vi.advanceTimersByTime(60_000);
    expect(reports).toEqual([]);
  });

  it('does not count suspended timers as unanswered pings, as after sleep of the computer', () => {
    const { host, reports } = page(null);
    vi.advanceTimersByTime(2 * PING_MS);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(PING_MS);
    expect(reports).toEqual([]);
    host.delay = 0;
    vi.advanceTimersByTime(60_000);
    expect(reports).toEqual([]);
  });

  it('keeps the lost state while the page is hidden', () => {
    const { heartbeat, reports } = page(null);
    vi.advanceTimersByTime(60_000);
    heartbeat.stop();
    heartbeat.start();
    vi.advanceTimersByTime(60_000);
    expect(reports).toEqual([true]);
  });
});
