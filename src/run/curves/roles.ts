/** Which scalar is which curve: a short list of common names, and what the user says. */
import type { SeriesTable } from './series';

/** The curves that a run has, by the names under which `nlvr export` writes them. */
export const CURVES = [
  'loss/train',
  'lr',
  'accuracy/train',
  'accuracy/val',
  'accuracy/test',
  'consistency/val',
  'consistency/test',
  'loss/val',
  'loss/test',
  'gradient_norm',
  'examples_per_second',
  'epoch',
] as const;
export type CurveName = (typeof CURVES)[number];

/** The scalar of each curve, by name. */
export type Chosen = Partial<Record<CurveName, string>>;

/** Words of a name that mean the same. */
const synonyms: Record<string, string> = {
  training: 'train',
  validation: 'val',
  valid: 'val',
  eval: 'val',
  evaluation: 'val',
  dev: 'val',
  testing: 'test',
  acc: 'accuracy',
  acc1: 'accuracy',
  top1: 'accuracy',
  cons: 'consistency',
  learningrate: 'lr',
  gradnorm: 'gradient norm',
  grad: 'gradient',
  samples: 'examples',
  throughput: 'examples second',
  speed: 'examples second',
  sec: 'second',
  s: 'second',
};

/** Words that do not change which curve it is. */
const neutral = new Set(
  'step steps iter iteration epoch batch mean avg average metric metrics scalar scalars opt optim optimizer adam adamw w sgd pg group global total nlvr nlvr2 running smooth smoothed per'.split(
    ' ',
  ),
);

const known: Record<string, CurveName> = {
  loss: 'loss/train',
  'loss train': 'loss/train',
  lr: 'lr',
  'lr train': 'lr',
  'accuracy train': 'accuracy/train',
  'accuracy val': 'accuracy/val',
  'accuracy test': 'accuracy/test',
  'consistency val': 'consistency/val',
  'consistency test': 'consistency/test',
  'loss val': 'loss/val',
  'loss test': 'loss/test',
  'gradient norm': 'gradient_norm',
  'gradient norm train': 'gradient_norm',
  'examples second': 'examples_per_second',
  'examples second train': 'examples_per_second',
};

interface Reading {
  /** The words that count, sorted, each once. */
  key: string;
  /** Words that were passed over. */
  passed: number;
  words: string[];
}

function read(name: string): Reading {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/learning[^a-z0-9]*rate/g, 'lr')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !/^\d+$/.test(word));
  // `pg1` is the parameter group 1.
  const isNeutral = (word: string): boolean => neutral.has(word.replace(/\d+$/, ''));
  const counted = words
    .filter((word) => !isNeutral(word))
    .flatMap((word) => (synonyms[word] ?? word).split(' '));
  const passed = words.filter(isNeutral).length;
  return { key: [...new Set(counted)].sort().join(' '), passed, words };
}

/** The curve that a name is commonly of; undefined for others. */
export function curveNamed(name: string): CurveName | undefined {
  const { key, words } = read(name);
  const isEpoch = words.at(-1) === 'epoch' && ['', 'train'].includes(key);
  return isEpoch ? 'epoch' : known[key];
}

/** Scalars by curve, as far as their names are common ones. Of several the plainest name is taken. */
export function commonCurves(series: SeriesTable): Chosen {
  const chosen: Chosen = {};
  const names = [...series.keys()].sort((a, b) => {
    const [x, y] = [read(a), read(b)];
    // Lightning logs train_loss_step and train_loss_epoch.
    const coarse = ({ words }: Reading): number => (words.includes('epoch') ? 1 : 0);
    return coarse(x) - coarse(y) || x.passed - y.passed || a.length - b.length;
  });
  for (const name of names) {
    const curve = curveNamed(name);
    if (curve !== undefined) chosen[curve] ??= name;
  }
  // Keras' `accuracy` is of the training split, where there is one of validation as well.
  const bare = names.find((name) => read(name).key === 'accuracy');
  if (bare !== undefined && chosen['accuracy/val'] !== undefined) chosen['accuracy/train'] ??= bare;
  return chosen;
}

export function isCurveName(name: string): name is CurveName {
  return CURVES.some((each) => each === name);
}

/** Curves whose values are shares, which some trainers log in percent. */
export function isShare(curve: CurveName): boolean {
  return curve.startsWith('accuracy') || curve.startsWith('consistency');
}
