/** Memory and descriptors of processes over time (Linux). */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fitLine } from './slope';

const MIB = 1024 * 1024;
/** Share of the measurements at the beginning that belong to starting, and to caches that fill. */
const WARM_UP = 0.25;

export interface Point {
  seconds: number;
  bytes: number;
  /** Open descriptors; undefined of what is no process. */
  descriptors?: number;
}

/** Private memory (`RssAnon`) and open descriptors of a process; undefined when it has ended. */
export function processPoint(pid: number): Omit<Point, 'seconds'> | undefined {
  try {
    const kilobytes = /^RssAnon:\s*(\d+) kB$/m.exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )?.[1];
    return {
      bytes: Number(kilobytes ?? Number.NaN) * 1024,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    return undefined;
  }
}

const TAIL_BYTES = 256 * 1024;

/** The last step in the events of a run folder; 0 when it has none. */
export function lastStep(run: string): number {
  const file = openSync(join(run, 'events.jsonl'), 'r');
  try {
    const tail = Buffer.alloc(TAIL_BYTES);
    const from = Math.max(0, fstatSync(file).size - TAIL_BYTES);
    const bytes = readSync(file, tail, 0, TAIL_BYTES, from);
    const steps = tail.toString('utf8', 0, bytes).matchAll(/"type":"step","step":(\d+),/g);
    return Number([...steps].at(-1)?.[1] ?? 0);
  } finally {
    closeSync(file);
  }
}

/** Omits the measurements at the beginning. */
export function afterWarmUp<T>(values: readonly T[]): T[] {
  return values.slice(Math.floor(values.length * WARM_UP));
}

export interface Summary {
  points: number;
  minutes: number;
  /** After the warm-up. */
  firstMiB: number;
  lastMiB: number;
  mostMiB: number;
  /** MiB an hour, after the warm-up, and its standard error. */
  slope: number;
  error: number;
  descriptors?: [first: number, last: number, most: number];
}

/** @param points at least four */
export function summarize(points: readonly Point[]): Summary {
  const measured = afterWarmUp(points);
  const hours = measured.map(({ seconds }) => seconds / 3600);
  const mebibytes = measured.map(({ bytes }) => bytes / MIB);
  const { slope, error } = fitLine(hours, mebibytes);
  const descriptors = measured.flatMap(({ descriptors: count }) => count ?? []);
  return {
    points: measured.length,
    minutes: (measured[measured.length - 1].seconds - measured[0].seconds) / 60,
    firstMiB: mebibytes[0],
    lastMiB: mebibytes[mebibytes.length - 1],
    mostMiB: Math.max(...mebibytes),
    slope,
    error,
    ...(descriptors.length > 0 && {
      descriptors: [descriptors[0], descriptors[descriptors.length - 1], Math.max(...descriptors)],
    }),
  };
}

export function describe(name: string, summary: Summary): string {
  const { minutes, points, firstMiB, lastMiB, mostMiB, slope, error, descriptors } = summary;
  const one = (value: number): string => value.toFixed(1);
  return (
    `${name}: ${one(slope)} ± ${one(error)} MiB an hour over ${one(minutes)} min (${points} points), ` +
    `${one(firstMiB)} to ${one(lastMiB)} MiB, at most ${one(mostMiB)}` +
    (descriptors
      ? `; descriptors ${descriptors[0]} to ${descriptors[1]}, at most ${descriptors[2]}`
      : '')
  );
}
