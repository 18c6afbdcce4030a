/**
 * Converts the operations of a run to Chrome's trace event format, which chrome://tracing, Perfetto and speedscope open
 * (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, "Trace Event Format").
 */
import type { OpTiming } from './stepStats';

/** @returns a JSON object with a process for each device, which has as many rows as operations ran at the same time. */
export function chromeTrace(timings: readonly OpTiming[]): string {
  const devices = [...new Set(timings.map(({ device }) => device))];
  const first = timings.reduce((least, { start }) => Math.min(least, start), Infinity);
  const traceEvents = devices.flatMap((device, pid) => [
    { ph: 'M', name: 'process_name', pid, args: { name: device } },
    ...assignRows(timings.filter((each) => each.device === device)).map(({ timing, row }) => ({
      ...{ ph: 'X', name: timing.op, cat: 'op', pid, tid: row },
      // Microseconds.
      ...{ ts: 1000 * (timing.start - first), dur: 1000 * timing.duration },
      args: { node: timing.name, bytes: timing.bytes },
    })),
  ]);
  return `${JSON.stringify({ traceEvents, displayTimeUnit: 'ms' })}\n`;
}

/** Assigns each operation to the first row that is free when it starts: TensorFlow does not report its thread. */
function assignRows(timings: readonly OpTiming[]): { timing: OpTiming; row: number }[] {
  const ends: number[] = [];
  return [...timings]
    .sort((a, b) => a.start - b.start)
    .map((timing) => {
      const free = ends.findIndex((end) => end <= timing.start);
      const row = free < 0 ? ends.length : free;
      ends[row] = timing.start + timing.duration;
      return { timing, row };
    });
}
