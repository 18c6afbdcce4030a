/** The fields of a row of predictions, with the names that programs use for them. */

export type Field =
  | 'identifier'
  | 'sentence'
  | 'images'
  | 'left'
  | 'right'
  | 'label'
  | 'prediction'
  | 'probTrue'
  | 'score'
  | 'logits'
  | 'logitFalse'
  | 'logitTrue'
  | 'answer';

interface FieldInfo {
  names: readonly string[];
  /** Whether the prediction can be derived from it. */
  answers?: boolean;
}

/** Case, spaces, dashes and underscores are ignored in names. */
export const FIELDS: Readonly<Record<Field, FieldInfo>> = {
  identifier: { names: ['identifier', 'id', 'example id', 'uid'] },
  sentence: { names: ['sentence', 'caption', 'statement'] },
  images: { names: ['images'] },
  left: { names: ['left', 'left image', 'image left', 'image 0', 'img 0'] },
  right: { names: ['right', 'right image', 'image right', 'image 1', 'img 1'] },
  label: { names: ['label', 'gold', 'gold label', 'target'], answers: true },
  prediction: { names: ['prediction', 'pred', 'predicted', 'predicted label'], answers: true },
  probTrue: {
    names: ['prob true', 'p true', 'prob', 'probability', 'probability true'],
    answers: true,
  },
  score: { names: ['score'], answers: true },
  logits: { names: ['logits'], answers: true },
  logitFalse: { names: ['logit false', 'logit 0'], answers: true },
  logitTrue: { names: ['logit true', 'logit 1'], answers: true },
  // Not a name: the only value of a row.
  answer: { names: [], answers: true },
};

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
const byName = new Map(
  Object.entries(FIELDS).flatMap(([field, { names }]) =>
    names.map((name) => [plain(name), field as Field]),
  ),
);

/** The field for the name of a column or key; undefined for other names. */
export function fieldNamed(name: string): Field | undefined {
  return byName.get(plain(name));
}
