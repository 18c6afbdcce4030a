/** Lists of values for a few keys, each combination of which is a configuration. */
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { parseOverride, type Override } from './overrides';

/** A key and its values as people write them: `1e-5, 3e-5`. */
export interface ValueList {
  key: string;
  /** YAML values with commas or line ends between them; commas in brackets and quotes do not count. */
  values: string;
}

/** More than anybody queues by hand; a slip of the keyboard would fill the queue. */
const MOST_COMBINATIONS = 200;

/**
 * Every combination of the values, the last key changing fastest. A value that is given twice counts once.
 * @param from where relative paths start
 * @throws {UserError} when a key is unknown or given twice, has no value or one that is no YAML, or the combinations are
 *   too many
 */
export function combinations(lists: readonly ValueList[], from: string): Override[][] {
  const keys = lists.map(({ key }) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined)
    throw new UserError(localize('`{0}` appears twice.', twice), {
      hint: localize('Write its values in one list.'),
    });
  const choices = lists.map(({ key, values }) => {
    const written = [...new Set(splitValues(values))];
    if (written.length === 0)
      throw new UserError(localize('`{0}` has no value.', key), {
        hint: localize('Enter one or more, separated by commas.'),
      });
    return written.map((value) => parseOverride(`${key}=${value}`, from));
  });
  const count = choices.reduce((product, { length }) => product * length, 1);
  if (count > MOST_COMBINATIONS)
    throw new UserError(
      localize('These are {0} combinations, more than {1}.', count, MOST_COMBINATIONS),
      { hint: localize('Remove some values.') },
    );
  return choices.reduce<Override[][]>(
    (made, values) => made.flatMap((before) => values.map((value) => [...before, value])),
    [[]],
  );
}

/** `a, [b, c], "d, e"` as its three values. */
export function splitValues(text: string): string[] {
  const values: string[] = [];
  let depth = 0;
  let quote = '';
  let value = '';
  const end = (): void => {
    if (value.trim() !== '') values.push(value.trim());
    value = '';
  };
  for (const letter of text) {
    if (quote !== '') {
      if (letter === quote) quote = '';
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '[' || letter === '{') depth++;
    else if (letter === ']' || letter === '}') depth--;
    else if (depth <= 0 && /[,\r\n]/.test(letter)) {
      end();
      continue;
    }
    value += letter;
  }
  end();
  return values;
}
