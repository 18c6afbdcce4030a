/** Maps columns of a table, or keys of JSON objects, to the fields of an annotation. */

export const roles = ['left', 'right', 'sentence', 'label', 'identifier', 'split'] as const;
export type Role = (typeof roles)[number];
/** Roles that a table must have. */
export const requiredRoles = ['left', 'right', 'sentence', 'label'] as const satisfies Role[];

/** Index of the column, from 0, for each role that has one. */
export type Columns = Partial<Record<Role, number>>;

/** Recognized names in order of preference, compared without case, spaces, dashes and underscores. */
const names: Readonly<Record<Role, readonly string[]>> = {
  left: [
    'left',
    'leftimage',
    'imageleft',
    'leftpath',
    'leftimg',
    'leftfile',
    'image0',
    'img0',
    'image1',
    'img1',
    'imagea',
  ],
  right: [
    'right',
    'rightimage',
    'imageright',
    'rightpath',
    'rightimg',
    'rightfile',
    'image1',
    'img1',
    'image2',
    'img2',
    'imageb',
  ],
  sentence: ['sentence', 'sent', 'caption', 'statement', 'text', 'hypothesis', 'description'],
  label: ['label', 'gold', 'goldlabel', 'answer', 'truth', 'target', 'istrue'],
  identifier: ['identifier', 'id', 'exampleid', 'uid'],
  split: ['split', 'set', 'subset', 'partition', 'fold'],
};

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');

/** Guesses the columns by their names; a role is missing if no name is recognized. */
export function guessColumns(header: readonly string[]): Columns {
  const plainNames = header.map(plain);
  const columns: Columns = {};
  for (const role of roles)
    for (const name of names[role]) {
      const at = plainNames.indexOf(name);
      if (at < 0 || Object.values(columns).includes(at)) continue;
      columns[role] = at;
      break;
    }
  // `image1` is left if there is an image2, and right if there is an image0.
  if (columns.left !== undefined && columns.right === undefined) delete columns.left;
  return columns;
}
