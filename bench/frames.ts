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
  const recorded = { times: [], tasks: [], on: true };
  window.__frames = recorded;
  recorded.observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) recorded.tasks.push(entry.duration);
  });
  recorded.observer.observe({ type: 'longtask' });
  const tick = (time) => {
    recorded.times.push(time);
    if (recorded.on) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})()`;

const STOP = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const recorded = window.__frames;
  recorded.on = false;
  for (const entry of recorded.observer.takeRecords()) recorded.tasks.push(entry.duration);
  recorded.observer.disconnect();
  done({ times: recorded.times, tasks: recorded.tasks });
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
