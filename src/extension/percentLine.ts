/** How far a program is, by what it writes. */
export interface PercentLine {
  percent: number;
  /** What it says behind the percent, such as the amount. */
  note: string;
  /** The time left, such as `29s`; null where the line names none. */
  left: string | null;
}

/** Reads `Checking images 26%  29s left`. Undefined for lines that are no progress. */
export function parsePercent(line: string): PercentLine | undefined {
  const match = /(\d{1,3})%\s*(.*?)\s*(?:(\d+[smh](?: \d+[sm])?) left)?$/.exec(line.trimEnd());
  if (!match) return undefined;
  const [, percent, note, left] = match;
  return {
    percent: Math.min(100, Number(percent)),
    note,
    left: left ?? null,
  };
}
