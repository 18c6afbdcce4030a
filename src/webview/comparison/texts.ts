import { t } from '../shared/translate';
import type { ComparedSide, Interval, Outcome, WantedEpoch } from './messages';

/** Localized texts of the panel's terms. They are functions because the language is known only at run time. */

export function outcomeText(outcome: Outcome): string {
  switch (outcome) {
    case 'both right':
      return t('Both right');
    case 'newly right':
      return t('Newly right');
    case 'newly wrong':
      return t('Newly wrong');
    case 'both wrong':
      return t('Both wrong');
  }
}

/** Groups of outcomes by one run's answer. */
export const outcomesOf = {
  all: ['both right', 'newly right', 'newly wrong', 'both wrong'],
  rightInA: ['both right', 'newly wrong'],
  wrongInA: ['newly right', 'both wrong'],
  rightInB: ['both right', 'newly right'],
  wrongInB: ['newly wrong', 'both wrong'],
} as const satisfies Record<string, readonly Outcome[]>;

/** Describes the examples behind a number: "Newly wrong · Counting". */
export function cellText(
  outcomes: readonly Outcome[],
  slice: string | null,
  { a, b }: { a: ComparedSide; b: ComparedSide },
): string {
  const which = Object.entries(outcomesOf).find(
    ([, each]) => each.join() === [...outcomes].join(),
  )?.[0] as keyof typeof outcomesOf | undefined;
  const words = (): string => {
    switch (which) {
      case 'all':
        return t('All compared examples');
      case 'rightInA':
        return t('Right in {0}', sideText(a));
      case 'wrongInA':
        return t('Wrong in {0}', sideText(a));
      case 'rightInB':
        return t('Right in {0}', sideText(b));
      case 'wrongInB':
        return t('Wrong in {0}', sideText(b));
      case undefined:
        return outcomes.map(outcomeText).join(', ');
    }
  };
  if (slice === null) return words();
  return which === 'all' ? slice : `${words()} · ${slice}`;
}

/** A run with its epoch. Files count epochs from 0, the interface from 1. */
export function sideText({ name, epoch }: ComparedSide): string {
  return epoch === null ? name : t('{0} (epoch {1})', name, epoch + 1);
}

export function wantedEpochText(wanted: WantedEpoch): string {
  if (wanted === 'last') return t('newest');
  if (wanted === 'best') return t('best epoch');
  return t('epoch {0}', wanted + 1);
}

/** An interval of shares in percent: `[58.4, 63.9]`. */
export function intervalText(interval: Interval | null): string {
  return interval === null
    ? ''
    : `[${interval.map((share) => (100 * share).toFixed(1)).join(', ')}]`;
}

/** A difference of shares in percentage points, with its sign. */
export function points(difference: number | null): string {
  if (difference === null) return '–';
  const text = (100 * difference).toFixed(1);
  return difference > 0 ? `+${text}` : text.replace(/^-(0\.0)$/, '$1').replace('-', '−');
}

export function pointInterval(interval: Interval | null): string {
  return interval === null ? '' : `[${interval.map(points).join(', ')}]`;
}

/** A p- or q-value. */
export function significance(p: number | null): string {
  return p === null ? '–' : p < 0.001 ? '<0.001' : p.toFixed(3);
}

export function truth(answer: boolean): string {
  return answer ? t('True') : t('False');
}

/** A probability in three characters, `.97`. */
export function probability(value: number): string {
  if (!Number.isFinite(value)) return '';
  const text = value.toFixed(2);
  return text === '1.00' ? '1.0' : text.replace(/^0/, '');
}
