import { readFileSync } from 'node:fs';

const SAMPLE_MS = 5;

/**
 * Memory that only this process uses, in bytes: pages that belong to no file. The pages of a library's file are the
 * system's cache of it; they are not counted, as they are not for PyTorch (bench/blip_nlvr.py). Elsewhere than on Linux
 * it is the largest resident memory so far.
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

/** The largest private memory from its making on, looked at every few milliseconds: the system keeps no such record. */
export class PeakMemory {
  private largest = privateMemory();
  private readonly timer = setInterval(() => this.look(), SAMPLE_MS);

  /** Bytes so far. */
  get bytes(): number {
    this.look();
    return this.largest;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    this.largest = Math.max(this.largest, privateMemory());
  }
}
