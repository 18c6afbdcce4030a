/** Number of series colors of the theme. */
export const COLOR_COUNT = 6;
/** Maximum number of runs whose colors are stored; the least recently shown are dropped. */
const MAX_REMEMBERED = 300;
const MEMORY = 'nlvr.runColours';

/** The part of `vscode.Memento` that is used. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

/** Assigns colors to runs. A run has the same color in all panels, also after a window reload. */
export class RunColors {
  constructor(private readonly memory: Memory) {}

  /**
   * Color indexes of runs that are shown together, from 0. A new run gets the least used color. If two of the runs have
   * the same color, the later one gets another one here, as long as there are enough.
   * @param folders folders of the runs
   */
  of(folders: readonly string[]): number[] {
    const known = new Map(this.memory.get<[string, number][]>(MEMORY, []));
    const used = new Set<number>();
    const colors = folders.map((folder) => {
      const own = known.get(folder);
      const color =
        own !== undefined && (!used.has(own) || used.size === COLOR_COUNT)
          ? own
          : rarest(known, used);
      used.add(color);
      const kept = own ?? color;
      // The most recently shown last.
      known.delete(folder);
      known.set(folder, kept);
      return color;
    });
    void this.memory.update(MEMORY, [...known].slice(-MAX_REMEMBERED));
    return colors;
  }
}

/** The least used of the free colors. */
function rarest(known: ReadonlyMap<string, number>, taken: ReadonlySet<number>): number {
  const counts = new Array<number>(COLOR_COUNT).fill(0);
  for (const color of known.values()) counts[color % COLOR_COUNT]++;
  const all = [...counts.keys()];
  const free = all.filter((color) => !taken.has(color));
  return (free.length > 0 ? free : all).reduce((least, color) =>
    counts[color] < counts[least] ? color : least,
  );
}
