/** A progress line of a program. */
export interface PercentLine {
  percent: number;
  /** The text after the percentage, such as the amount. */
  note: string;
  /** The time left, such as `29s`; null if the line has none. */
  left: string | null;
}

/** Parses `Checking images 26%  29s left`; undefined for other lines. */
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
