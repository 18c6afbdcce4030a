import { t } from '../shared/translate';
import type { Change, Show } from './filter';
import type { ExportFormat } from './messages';
import type { Verdict } from './rows';
import type { Sort } from './sort';

/** The panel's words for its own terms. Functions, because the language is known only at run time. */

export function verdictText(verdict: Verdict): string {
  switch (verdict) {
    case 'right':
      return t('right');
    case 'wrong':
      return t('wrong');
    case 'unlabelled':
      return t('no label');
  }
}

export function truth(answer: boolean): string {
  return answer ? t('True') : t('False');
}

/** A probability in three characters, `.97`; `1.0` only when it rounds to one. */
export function probability(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const text = value.toFixed(2);
  return text === '1.00' ? '1.0' : text.replace(/^0/, '');
}

export function showText(show: Show): string {
  switch (show) {
    case 'wrong':
      return t('Wrong');
    case 'right':
      return t('Right');
    case 'falsePositive':
      return t('False positives');
    case 'falseNegative':
      return t('False negatives');
    case 'all':
      return t('All answers');
  }
}

export function changeText(change: Change): string {
  switch (change) {
    case 'any':
      return t('Any history');
    case 'newlyWrong':
      return t('Newly wrong');
    case 'newlyRight':
      return t('Newly right');
    case 'changed':
      return t('Flipped in at least one test');
    case 'alwaysWrong':
      return t('Always wrong');
  }
}

export function sortText(sort: Sort): string {
  switch (sort) {
    case 'wrong':
      return t('Most confidently wrong');
    case 'confidence':
      return t('Confidence');
    case 'probTrue':
      return t('Probability of True');
    case 'index':
      return t('Annotation order');
  }
}

/** Files and events count epochs from 0, people from 1. */
export function formatText(format: ExportFormat): { name: string; about: string } {
  switch (format) {
    case 'csv':
      return { name: t('CSV'), about: t('All columns, for a spreadsheet') };
    case 'jsonl':
      return { name: t('JSON Lines'), about: t('One object per line, for programs') };
    case 'nlvr2':
      return {
        name: t('Prediction file'),
        about: t('identifier,prediction, as the official NLVR2 evaluation reads it'),
      };
    case 'nlvr1':
      return {
        name: t('Prediction file'),
        about: t('dev-….png,true, as the official NLVR evaluation reads it'),
      };
  }
}
