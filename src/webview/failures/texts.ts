import { t } from '../shared/translate';
import type { HistoryFilter, AnswerFilter } from './filter';
import type { ExportFormat } from './messages';
import type { Verdict } from './rows';
import type { Sort } from './sort';

/** Localized texts of the panel's terms. They are functions because the language is known only at run time. */

export function verdictText(verdict: Verdict): string {
  switch (verdict) {
    case 'right':
      return t('right');
    case 'wrong':
      return t('wrong');
    case 'unlabeled':
      return t('no label');
  }
}

export function truth(answer: boolean): string {
  return answer ? t('True') : t('False');
}

/** Formats a probability in three characters: `.97`, or `1.0` if it rounds to one. */
export function probability(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const text = value.toFixed(2);
  return text === '1.00' ? '1.0' : text.replace(/^0/, '');
}

export function answerFilterText(show: AnswerFilter): string {
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

export function historyFilterText(change: HistoryFilter): string {
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

/** Returns the name and the description of an export format. */
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
