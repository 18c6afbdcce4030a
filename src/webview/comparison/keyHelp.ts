import type { KeyHelp } from '../shared/keysHelp';
import { t } from '../shared/translate';

/** The keys as the help lists them. */
export function keyHelp(): KeyHelp[] {
  return [
    { keys: ['↑', '↓', '←', '→'], does: t('another number, or another example of the list') },
    { keys: ['Enter'], does: t('show the examples of a number; open an example') },
    { keys: ['A', 'B'], does: t('open the example in Failed Examples of A or of B') },
    { keys: ['/'], does: t('search the list') },
    { keys: ['Esc'], does: t('close the list') },
  ];
}
