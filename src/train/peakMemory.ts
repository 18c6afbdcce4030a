import { readFileSync } from 'node:fs';

const SAMPLE_MS = 5;

/**
 * Private memory of this process in bytes: pages that are not backed by a file. Pages of a library's file are part of the
 * system's cache and not counted, as for PyTorch (bench/blip_nlvr.py). On other systems than Linux it is the largest
 * resident memory so far.
 */
export function privateMemory(): number {
  try {
    const kilobytes = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  // libuv gives kilobytes on every platform.
  return process.resourceUsage().maxRSS * 1024;
}

/** Samples private memory every few milliseconds and keeps the maximum, which the system does not record. */
export class PeakMemory {
  private largest = privateMemory();
  private readonly timer = setInterval(() => this.sample(), SAMPLE_MS);

  /** Maximum so far, in bytes. */
  get bytes(): number {
    this.sample();
    return this.largest;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    this.largest = Math.max(this.largest, privateMemory());
  }
}
