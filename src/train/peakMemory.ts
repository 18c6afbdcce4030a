/** Largest resident memory of this process so far, in bytes. */
export function peakMemory(): number {
  // libuv gives kilobytes on every platform.
  return process.resourceUsage().maxRSS * 1024;
}
