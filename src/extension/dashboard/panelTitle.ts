import type { Translate } from '../translate';

/** Title of the tab of a dashboard. @param names names of the runs that it shows, at least one */
export function panelTitle(names: readonly string[], t: Translate): string {
  const [first = '', second, ...others] = names;
  if (second === undefined) return t('Training: {0}', first);
  if (others.length === 0) return t('{0} vs {1}', first, second);
  return t('{0} vs {1} and {2} more', first, second, others.length);
}
