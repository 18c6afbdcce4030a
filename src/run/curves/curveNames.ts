/** Assigns scalars to curves by a list of common names. */
import type { SeriesTable } from './series';

/** Names of the curves of a run, as `nlvr export` writes them. */
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
export type CurveMapping = Partial<Record<CurveName, string>>;

/** Synonyms of words in scalar names. */
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

/** Words that are ignored in scalar names. */
const ignoredWords = new Set(
  'step steps iter iteration epoch batch mean avg average metric metrics scalar scalars opt optim optimizer adam adamw w sgd pg group global total nlvr nlvr2 running smooth smoothed per'.split(
    ' ',
  ),
);

const curvesByKey: Record<string, CurveName> = {
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

interface ParsedName {
  /** The distinct relevant words, sorted. */
  key: string;
  /** Number of ignored words. */
  ignored: number;
  words: string[];
}

function parseName(name: string): ParsedName {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/learning[^a-z0-9]*rate/g, 'lr')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !/^\d+$/.test(word));
  // `pg1` means parameter group 1.
  const isIgnored = (word: string): boolean => ignoredWords.has(word.replace(/\d+$/, ''));
  const relevant = words
    .filter((word) => !isIgnored(word))
    .flatMap((word) => (synonyms[word] ?? word).split(' '));
  const ignored = words.filter(isIgnored).length;
  return { key: [...new Set(relevant)].sort().join(' '), ignored, words };
}

/** Returns the curve for a common scalar name; undefined for other names. */
export function curveForName(name: string): CurveName | undefined {
  const { key, words } = parseName(name);
  const isEpoch = words.at(-1) === 'epoch' && ['', 'train'].includes(key);
  return isEpoch ? 'epoch' : curvesByKey[key];
}

/** Assigns scalars with common names to curves. If several match, the one with the simplest name is chosen. */
export function commonCurves(series: SeriesTable): CurveMapping {
  const chosen: CurveMapping = {};
  const names = [...series.keys()].sort((a, b) => {
    const [x, y] = [parseName(a), parseName(b)];
    // Lightning logs train_loss_step and train_loss_epoch.
    const coarse = ({ words }: ParsedName): number => (words.includes('epoch') ? 1 : 0);
    return coarse(x) - coarse(y) || x.ignored - y.ignored || a.length - b.length;
  });
  for (const name of names) {
    const curve = curveForName(name);
    if (curve !== undefined) chosen[curve] ??= name;
  }
  // Keras: `accuracy` is for the training split if there is also a validation accuracy.
  const bare = names.find((name) => parseName(name).key === 'accuracy');
  if (bare !== undefined && chosen['accuracy/val'] !== undefined) chosen['accuracy/train'] ??= bare;
  return chosen;
}

export function isCurveName(name: string): name is CurveName {
  return CURVES.some((each) => each === name);
}

/** Whether the values of a curve are fractions, which some trainers log in percent. */
export function isFraction(curve: CurveName): boolean {
  return curve.startsWith('accuracy') || curve.startsWith('consistency');
}
