/** `Checking images 26%  29s left` → what is said of it, and the percent. Undefined for lines that are no progress. */
export function parsePercent(line: string): { message: string; percent: number } | undefined {
  const match = /(\d{1,3})%\s*(.*)$/.exec(line);
  if (!match) return undefined;
  const percent = Math.min(100, Number(match[1]));
  return { message: `${percent}% ${match[2].trim()}`.trim(), percent };
}
