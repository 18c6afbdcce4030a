import type { FieldInfo, FieldState } from './messages';

/**
 * Whether a key is shown: all words of the search occur in its name, meaning or group, or in those of its
 * fields; and when only changed ones are wanted, it is.
 */
export function matches(
  info: FieldInfo,
  search: string,
  changedOnly: boolean,
  stateOf: (key: string) => FieldState | undefined,
): boolean {
  const all = [info, ...(info.fields ?? [])];
  if (changedOnly && !all.some(({ key }) => isNotable(stateOf(key)))) return false;
  const text = all
    .map(({ key, meaning, group }) => `${key} ${key.replaceAll('_', ' ')} ${meaning} ${group}`)
    .join(' ')
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Changed from the default, or with something to say about it. */
function isNotable(state: FieldState | undefined): boolean {
  return state !== undefined && (state.changed || state.problems.length > 0);
}
