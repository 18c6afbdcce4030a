import type { FieldInfo, FieldState } from './messages';

/**
 * Whether a key is shown: all search words occur in its name, meaning or group, or in those of its fields. With
 * `changedOnly` the key must also be changed or have a problem.
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

/** Whether a key differs from its default or has a problem. */
function isNotable(state: FieldState | undefined): boolean {
  return state !== undefined && (state.changed || state.problems.length > 0);
}
