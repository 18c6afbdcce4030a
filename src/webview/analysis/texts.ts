import { percent } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Fate, Interval, NoiseCandidate, RobustnessTest, TabId } from './messages';

/** Localized texts of the panel's terms. They are functions because the language is known only at run time. */

export function tabText(tab: TabId): string {
  switch (tab) {
    case 'overview':
      return t('Overview');
    case 'slices':
      return t('Slices');
    case 'calibration':
      return t('Calibration');
    case 'epochs':
      return t('Over epochs');
    case 'noise':
      return t('Label noise');
    case 'robustness':
      return t('Robustness');
  }
}

export function fateText(fate: Fate): string {
  switch (fate) {
    case 'always right':
      return t('Always right');
    case 'learned':
      return t('Learned');
    case 'forgotten':
      return t('Forgotten');
    case 'never learned':
      return t('Never learned');
  }
}

export function reasonText(reason: NoiseCandidate['reasons'][number]): string {
  return reason === 'contradicted' ? t('model contradicts') : t('annotators disagree');
}

export function truth(label: boolean): string {
  return label ? t('True') : t('False');
}

/** An interval in percent: `58.4–63.9%`. */
export function intervalText(interval: Interval | null): string {
  if (!interval) return '–';
  const [low, high] = interval;
  return `${(100 * low).toFixed(1)}–${percent(high)}`;
}

/** A difference of shares in percentage points, with its sign: `−14.2`. */
export function pointsText(difference: number | null): string {
  if (difference === null) return '–';
  const text = Math.abs(100 * difference).toFixed(1);
  return `${difference < 0 ? '−' : difference > 0 ? '+' : ''}${text}`;
}

/** A p-value: `0.034`, `<0.001`. */
export function significanceText(q: number | null): string {
  if (q === null) return '–';
  return q < 0.001 ? '<0.001' : q.toFixed(3);
}

export function testText(test: RobustnessTest): string {
  switch (test) {
    case 'exchanged':
      return t('Images and left/right swapped');
    case 'left image twice':
      return t('Left image twice');
    case 'right image twice':
      return t('Right image twice');
    case 'no images':
      return t('The sentence alone');
    case 'no sentence':
      return t('The images alone');
  }
}
