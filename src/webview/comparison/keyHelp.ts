import type { KeyHelp } from '../shared/keysHelp';
import { t } from '../shared/translate';

/** The keys as the help lists them. */
export function keyHelp(): KeyHelp[] {
  return [
    {
      keys: ['↑', '↓', '←', '→'],
      description: t('another number, or another example of the list'),
    },
    { keys: ['Enter'], description: t('show the examples of a number; open an example') },
    { keys: ['A', 'B'], description: t('open the example in Failed Examples of A or of B') },
    { keys: ['/'], description: t('search the list') },
    { keys: ['Esc'], description: t('close the list') },
  ];
}
