/** Limits the length of results: an assistant pays for tokens, and a run may have any size. */

/** Maximum length of a result: about 6,000 tokens. */
export const MAX_CHARACTERS = 24_000;
/** Maximum length of one string in it. */
const MAX_TEXT_LENGTH = 600;

/**
 * Converts a result to JSON of at most `MAX_CHARACTERS` characters. Strings are truncated. Lists are truncated at their
 * ends, longest list first, and `leftOut` has the number of omitted elements of each list.
 */
export function boundedJson(result: Readonly<Record<string, unknown>>): string {
  const shown = shorten(result) as Record<string, unknown>;
  let text = JSON.stringify(shown);
  while (text.length > MAX_CHARACTERS) {
    const [name, list] = longestList(shown);
    const kept = list.slice(0, Math.floor(list.length / 2));
    const earlier = (shown.leftOut ?? {}) as Record<string, number>;
    shown.leftOut = {
      ...earlier,
      [name]: (earlier[name] ?? 0) + list.length - kept.length,
    };
    shown[name] = kept;
    text = JSON.stringify(shown);
  }
  return text;
}

/** The list of a result with the most characters. */
function longestList(result: Readonly<Record<string, unknown>>): [name: string, unknown[]] {
  let longest: [string, unknown[]] | undefined;
  let length = 0;
  for (const [name, value] of Object.entries(result)) {
    if (!Array.isArray(value) || value.length === 0) continue;
    const size = JSON.stringify(value).length;
    if (size > length) [longest, length] = [[name, value], size];
  }
  // Everything except the lists has a limited size.
  if (!longest) throw new Error('a result is too long without its lists');
  return longest;
}

/** The numbers of omitted elements by list; empty if nothing is omitted. */
export function leftOut(counts: Readonly<Record<string, number>>): {
  leftOut?: Record<string, number>;
} {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? {} : { leftOut: Object.fromEntries(some) };
}

/** Truncates strings, and rounds numbers to six digits. */
function shorten(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}…` : value;
  if (typeof value === 'number')
    return Number.isInteger(value) ? value : Number(value.toPrecision(6));
  if (Array.isArray(value)) return value.map(shorten);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(kept.map(([key, each]) => [key, shorten(each)]));
}
