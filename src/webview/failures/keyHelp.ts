import { t } from '../shared/translate';
import type { KeyHelp } from '../shared/keysHelp';

/** The keys as the help and the bottom line list them. */
export function keyHelp(): KeyHelp[] {
  return [
    { keys: ['↑', '↓'], does: t('previous or next example') },
    { keys: ['Page ↑', 'Page ↓'], does: t('a page up or down') },
    { keys: ['Home', 'End'], does: t('first or last example') },
    { keys: ['←', '→'], does: t('other pairs of the same sentence') },
    { keys: ['Z'], does: t('zoom in and back') },
    { keys: ['+', '-', '0'], does: t('zoom in, out, whole image') },
    { keys: ['Shift', '←', '↑', '→', '↓'], does: t('move the zoomed images') },
    { keys: ['S'], does: t('swap the images') },
    { keys: ['A'], does: t('ask about a changed sentence') },
    { keys: ['H'], does: t('show or hide where the model looks') },
    { keys: ['W'], does: t('choose the word that it looks for') },
    { keys: ['M'], does: t('mark or unmark') },
    {
      keys: ['G'],
      does: t('list or grid of pairs; in the grid the arrow keys move from pair to pair'),
    },
    { keys: ['T'], does: t('add a tag') },
    { keys: ['Shift', 'M'], does: t('mark or tag all examples of the list') },
    { keys: ['F'], does: t('saved filters') },
    { keys: ['N'], does: t('write a note') },
    { keys: ['O'], does: t('open the annotation') },
    { keys: ['C'], does: t('copy the identifier') },
    { keys: ['/'], does: t('search') },
    { keys: ['E'], does: t('export the rows of the list') },
    { keys: ['Esc'], does: t('back to the list') },
  ];
}
