/**
 * Expands Slurm's notation for lists of machines, `gpu[01-03,7],login` (man scontrol, "show hostnames").
 *
 * @returns the names in order; empty if the text is not such a list
 */
export function expandHostList(text: string): string[] {
  const parts = splitOutsideBrackets(text.trim());
  return parts.flatMap((part) => expandPart(part));
}

function splitOutsideBrackets(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '[') depth++;
    if (character === ']') depth--;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part].map((each) => each.trim()).filter((each) => each !== '');
}

/** Expands the first pair of brackets, then the rest recursively: `rack[1-2]n[1-3]`. */
function expandPart(part: string): string[] {
  const found = /^([^[\]]*)\[([^[\]]*)\](.*)$/.exec(part);
  if (!found) return /[[\]]/.test(part) ? [] : [part];
  const [, before = '', ranges = '', after = ''] = found;
  const tails = expandPart(after === '' ? '' : after);
  return ranges
    .split(',')
    .flatMap(expandRange)
    .flatMap((number) => (tails.length === 0 ? [''] : tails).map((tail) => before + number + tail));
}

/** `01-03` → 01, 02, 03. */
function expandRange(range: string): string[] {
  const [first = '', last = first] = range.trim().split('-');
  const [from, to] = [Number(first), Number(last)];
  if (!Number.isInteger(from) || !Number.isInteger(to) || to < from || to - from > 100_000)
    return [];
  return Array.from({ length: to - from + 1 }, (_, i) =>
    String(from + i).padStart(first.length, '0'),
  );
}
