import { t } from '../shared/translate';
import type { KeyHelp } from '../shared/keysHelp';

/** Keys for the help dialog. */
export function keyHelp(): KeyHelp[] {
  return [
    { keys: ['↑', '↓'], description: t('previous or next example') },
    { keys: ['Page ↑', 'Page ↓'], description: t('a page up or down') },
    { keys: ['Home', 'End'], description: t('first or last example') },
    { keys: ['←', '→'], description: t('other pairs of the same sentence') },
    { keys: ['Z'], description: t('zoom in and back') },
    { keys: ['+', '-', '0'], description: t('zoom in, out, whole image') },
    { keys: ['Shift', '←', '↑', '→', '↓'], description: t('move the zoomed images') },
    { keys: ['S'], description: t('swap the images') },
    { keys: ['A'], description: t('ask about a changed sentence') },
    { keys: ['H'], description: t('show or hide where the model looks') },
    { keys: ['W'], description: t('choose the word that it looks for') },
    { keys: ['M'], description: t('mark or unmark') },
    {
      keys: ['G'],
      description: t('list or grid of pairs; in the grid the arrow keys move from pair to pair'),
    },
    { keys: ['T'], description: t('add a tag') },
    { keys: ['Shift', 'M'], description: t('mark or tag all examples of the list') },
    { keys: ['F'], description: t('saved filters') },
    { keys: ['N'], description: t('write a note') },
    { keys: ['O'], description: t('open the annotation') },
    { keys: ['C'], description: t('copy the identifier') },
    { keys: ['/'], description: t('search') },
    { keys: ['E'], description: t('export the rows of the list') },
    { keys: ['Esc'], description: t('back to the list') },
  ];
}
