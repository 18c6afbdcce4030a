/** Colours of the theme's series that runs are drawn in. */
export const RUN_COLOURS = 6;
/** Runs whose colours are remembered, those seen last. */
const REMEMBERED = 300;
const MEMORY = 'nlvr.runColours';

/** `vscode.Memento`, as far as it is needed. */
interface Memory {
  get<T>(key: string, otherwise: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

/** A run has the same colour wherever it is shown, over reloads of the window, too. */
export class RunColours {
  constructor(private readonly memory: Memory) {}

  /**
   * Colours of runs that are shown together, as numbers from 0. A run that is new gets the colour that the fewest have.
   * Where two of these have the same one, the later of them has another one here, as long as there are enough.
   * @param folders of the runs
   */
  of(folders: readonly string[]): number[] {
    const known = new Map(this.memory.get<[string, number][]>(MEMORY, []));
    const here = new Set<number>();
    const colours = folders.map((folder) => {
      const own = known.get(folder);
      const colour =
        own !== undefined && (!here.has(own) || here.size === RUN_COLOURS)
          ? own
          : rarest(known, here);
      here.add(colour);
      const kept = own ?? colour;
      // The newest last.
      known.delete(folder);
      known.set(folder, kept);
      return colour;
    });
    void this.memory.update(MEMORY, [...known].slice(-REMEMBERED));
    return colours;
  }
}

/** The colour that the fewest runs have, of those that are free. */
function rarest(known: ReadonlyMap<string, number>, taken: ReadonlySet<number>): number {
  const counts = new Array<number>(RUN_COLOURS).fill(0);
  for (const colour of known.values()) counts[colour % RUN_COLOURS]++;
  const all = [...counts.keys()];
  const free = all.filter((colour) => !taken.has(colour));
  return (free.length > 0 ? free : all).reduce((least, colour) =>
    counts[colour] < counts[least] ? colour : least,
  );
}
