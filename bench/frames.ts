import type { Frame } from 'playwright-core';

/** Measurements from the browser's timeline, in milliseconds. */
export interface Frames {
  /** Longest time between two frames of the webview's page. */
  longest: number;
  /** 99th percentile of the frame times. */
  p99: number;
  frames: number;
  /** Longest task on the page's main thread; 0 if none took 50 ms, because the browser does not report shorter ones. */
  longestTask: number;
}

const START = `(() => {
  const seen = { times: [], tasks: [], on: true };
  window.__frames = seen;
  seen.observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.tasks.push(entry.duration);
  });
  seen.observer.observe({ type: 'longtask' });
  const tick = (time) => {
    seen.times.push(time);
    if (seen.on) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})()`;

const STOP = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const seen = window.__frames;
  seen.on = false;
  for (const entry of seen.observer.takeRecords()) seen.tasks.push(entry.duration);
  seen.observer.disconnect();
  done({ times: seen.times, tasks: seen.tasks });
})))`;

/** Measures the frames of a webview while `work` runs. */
export async function watchFrames(frame: Frame, work: () => Promise<unknown>): Promise<Frames> {
  await frame.evaluate(START);
  await work();
  const { times, tasks } = await frame.evaluate<{ times: number[]; tasks: number[] }>(STOP);
  const deltas = times.slice(1).map((time, i) => time - times[i]);
  deltas.sort((a, b) => a - b);
  return {
    longest: deltas.at(-1) ?? 0,
    p99: deltas[Math.floor(deltas.length * 0.99)] ?? 0,
    frames: deltas.length,
    longestTask: Math.max(0, ...tasks),
  };
}
