/** Reads what the system says of processes. */

/**
 * @param stat `/proc/<pid>/stat`
 * @returns when the process started, in clock ticks since boot (field 22); null for a zombie.
 */
export function startOfStat(stat: string): string | null {
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const start = fields[19];
  return state === 'Z' || state === 'X' || start === undefined ? null : start;
}

/** Arguments of `ps` for the output that `startsOfPs` reads. Its dates need the locale C. */
export function psArguments(pids: readonly number[]): string[] {
  return ['-o', 'pid=,stat=,lstart=', '-p', pids.join(',')];
}

/** @returns when the processes of a `ps` listing started, milliseconds since 1970; zombies are left out. */
export function startsOfPs(listing: string): Map<number, string> {
  const starts = new Map<number, string>();
  for (const [, pid, state, started] of listing.matchAll(/^\s*(\d+)\s+(\S+)\s+(.+?)\s*$/gm)) {
    const time = Date.parse(started);
    if (!state.startsWith('Z') && !Number.isNaN(time)) starts.set(Number(pid), String(time));
  }
  return starts;
}
