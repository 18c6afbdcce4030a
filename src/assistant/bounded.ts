/** Results as text of a bounded length: what an assistant reads costs tokens, and a run may be of any size. */

/** Characters of a result: about 6,000 tokens. */
export const MOST_CHARACTERS = 24_000;
/** Characters of one text in it. */
const LONGEST_TEXT = 600;

/**
 * The JSON of a result, at most `MOST_CHARACTERS` long. Long texts are cut; lists are cut from their ends, the longest
 * first, and `leftOut` says how many elements of which list are missing.
 */
export function boundedJson(result: Readonly<Record<string, unknown>>): string {
  const shown = shorten(result) as Record<string, unknown>;
  let text = JSON.stringify(shown);
  while (text.length > MOST_CHARACTERS) {
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

/** The list of a result that takes the most characters. */
function longestList(result: Readonly<Record<string, unknown>>): [name: string, unknown[]] {
  let longest: [string, unknown[]] | undefined;
  let length = 0;
  for (const [name, value] of Object.entries(result)) {
    if (!Array.isArray(value) || value.length === 0) continue;
    const size = JSON.stringify(value).length;
    if (size > length) [longest, length] = [[name, value], size];
  }
  // Everything but the lists is of a bounded size.
  if (!longest) throw new Error('a result is too long without its lists');
  return longest;
}

/** What lists leave out, by their names; empty where they leave out nothing. */
export function leftOut(counts: Readonly<Record<string, number>>): {
  leftOut?: Record<string, number>;
} {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? {} : { leftOut: Object.fromEntries(some) };
}

/** Texts of a bounded length, numbers with six digits, no phrases: the English message says the same. */
function shorten(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
  if (typeof value === 'number')
    return Number.isInteger(value) ? value : Number(value.toPrecision(6));
  if (Array.isArray(value)) return value.map(shorten);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(kept.map(([key, each]) => [key, shorten(each)]));
}
