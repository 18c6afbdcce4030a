/** Combines lists of values for several keys into overrides. */
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { parseOverride, type Override } from './overrides';

/** A key and its values as entered: `1e-5, 3e-5`. */
export interface ValueList {
  key: string;
  /** YAML values separated by commas or line breaks; commas in brackets and quotes do not separate. */
  values: string;
}

/** Protects the queue from a typing error; real sweeps are smaller. */
const MAX_COMBINATIONS = 200;

/**
 * Returns every combination of the values; the last key changes fastest. Repeated values count once.
 * @param from folder from which relative paths start
 * @throws {UserError} if a key is unknown, repeated or without a value, a value is not valid YAML, or there are too many
 *   combinations
 */
export function combinations(lists: readonly ValueList[], from: string): Override[][] {
  const keys = lists.map(({ key }) => key);
  const repeated = keys.find((key, i) => keys.indexOf(key) !== i);
  if (repeated !== undefined)
    throw new UserError(localize('`{0}` appears twice.', repeated), {
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
  if (count > MAX_COMBINATIONS)
    throw new UserError(
      localize('These are {0} combinations, more than {1}.', count, MAX_COMBINATIONS),
      { hint: localize('Remove some values.') },
    );
  return choices.reduce<Override[][]>(
    (combined, values) => combined.flatMap((before) => values.map((value) => [...before, value])),
    [[]],
  );
}

/** Splits `a, [b, c], "d, e"` into three values. */
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
