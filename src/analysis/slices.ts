/**
 * The built-in slices, by sentence, label and facts of the data set. A slice assigns one value, several or none to an
 * example; numbers are computed for each value.
 *
 * The patterns were checked against NLVR2's own annotation of phenomena (`annotated_dev_examples.txt`, 800 sentences);
 * docs/analysis.md has their precision and recall, and a test checks them.
 */
import type { Prediction } from '../run/predictions';
import { localize, type MessageText } from '../util/localize';

/** Facts about an example in addition to its prediction. */
export interface ExampleFacts {
  /** Whether all annotators chose the label; null if unknown. */
  unanimous: boolean | null;
  /** Subsets that list it, such as `balanced`. */
  subsets: readonly string[];
  /** Phenomena that NLVR2's authors found in its sentence. */
  phenomena: readonly string[];
}

export interface SliceDefinition {
  /** Stable: the field `slice` of the JSON. */
  slice: string;
  /** Display name; followed by the value, except for yes-or-no slices. */
  title: MessageText;
  /** Whether a missing value means unknown, so that the example is not in the rest that a slice is compared with. */
  partial?: boolean;
  /** Whether the values depend only on the sentence. */
  bySentence?: boolean;
  values: (example: Prediction, facts: ExampleFacts) => readonly string[];
}

/** The only value of yes-or-no slices. */
export const YES = 'yes';

const numbers =
  'two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|twenty|\\d+';
const image = '(?:images?|pictures?|photos?|pics?|box(?:es)?)';

/** Patterns of sentences; case is ignored. */
export const patterns = {
  /** Numbers of objects, exact or not; "one image" refers to the pair. */
  counting: new RegExp(
    `\\b(?:${numbers}|dozens?|exactly|(?:at|no) (?:least|most|more|less|fewer)|total of|more than|less than|fewer than|number of|single|pairs? of)\\b|\\bone\\b(?! (?:of the )?${image})`,
    'i',
  ),
  /** Comparisons: more than those, as many as, the same, different. */
  comparison: new RegExp(
    `\\b(?:same (?:number|amount)|twice|half|equal|identical|similar|different(?: \\w+)* than|opposite)\\b|\\bthan (?!(?:one|${numbers})\\b|an? )|\\bas \\w+ as\\b|\\b(?:more|fewer|less) (?!than\\b)(?:[\\w-]+ ){1,4}(?:in|on) the\\b`,
    'i',
  ),
  negation: /\b(?:no|not|none|neither|nor|never|without|nothing|nobody|cannot|\w+n't|zero)\b/i,
  universal:
    /\b(?:all|every|everyone|everything|entirely)\b|\b(?<!next to )(?<!facing )(?:each|both)(?! other|-other)\b/i,
  existential: /\bthere (?:is|are)\b(?! no)|\bat least one\b|\bsome\b|\bany\b/i,
  /** Positions within an image; "the left image" refers to the order of the images. cspell:ignore towards */
  spatial:
    /\b(?:above|below|under|underneath|over|atop|on top|on the (?:left|right) (?:side|of)|to the (?:left|right)|(?:left|right) side|leftmost|rightmost|bottom|behind|in front|front|next to|beside|between|near|nearby|inside|outside|around|against|fac(?:ing|es?|ed)|cent(?:er|re)(?:ed)?|middle|side|towards?|background|foreground|corner|surrounded|surrounding|leaning|hanging|parked|sitting|sits?|standing|stands?|lying|across|along|beneath|closest|through|touching|in its|on (?:an?|the|its|their)|in (?:an?|the) (?!image|picture|photo|left|right|pair))\b/i,
  left: /\bleft(?:most)?\b/i,
  right: /\bright(?:most)?\b/i,
} as const satisfies Record<string, RegExp>;

/** Maximum length of the sentences of each class, in words. */
const lengths = [
  [8, '1-8 words'],
  [14, '9-14 words'],
  [20, '15-20 words'],
  [Infinity, '21 or more words'],
] as const;

function lengthOf(sentence: string): string {
  const words = sentence.split(/\s+/).filter(Boolean).length;
  return lengths.find(([most]) => words <= most)?.[1] ?? '';
}

/** Which of the two images the sentence names by its side. */
function orderWords(sentence: string): string {
  const left = patterns.left.test(sentence);
  const right = patterns.right.test(sentence);
  return left ? (right ? 'left and right' : 'left') : right ? 'right' : 'neither';
}

const has = (pattern: RegExp): Pick<SliceDefinition, 'bySentence' | 'values'> => ({
  bySentence: true,
  values: ({ sentence }) => (pattern.test(sentence) ? [YES] : []),
});

/** The built-in slices in display order. */
export const builtInSlices: readonly SliceDefinition[] = [
  {
    slice: 'label',
    title: localize('Label'),
    values: ({ label }) => (label === null ? [] : [label ? 'True' : 'False']),
  },
  {
    slice: 'sentence length',
    title: localize('Sentence length'),
    bySentence: true,
    values: ({ sentence }) => [lengthOf(sentence)],
  },
  {
    slice: 'order words',
    title: localize('Ordering words'),
    bySentence: true,
    values: ({ sentence }) => [orderWords(sentence)],
  },
  { slice: 'counting', title: localize('Counting'), ...has(patterns.counting) },
  { slice: 'comparison', title: localize('Comparison'), ...has(patterns.comparison) },
  { slice: 'negation', title: localize('Negation'), ...has(patterns.negation) },
  {
    slice: 'quantifier',
    title: localize('Quantifier'),
    bySentence: true,
    values: ({ sentence }) =>
      (['universal', 'existential'] as const).filter((each) => patterns[each].test(sentence)),
  },
  { slice: 'spatial words', title: localize('Spatial words'), ...has(patterns.spatial) },
  {
    slice: 'kind',
    title: localize('Kind'),
    partial: true,
    values: ({ group }) => (group === undefined ? [] : [group]),
  },
  {
    slice: 'annotators',
    title: localize('Annotators'),
    partial: true,
    values: (_, { unanimous }) =>
      unanimous === null ? [] : [unanimous ? 'unanimous' : 'not unanimous'],
  },
  {
    slice: 'subset',
    title: localize('Subset'),
    partial: true,
    values: (_, { subsets }) => subsets,
  },
  {
    slice: 'phenomenon',
    title: localize('Phenomenon'),
    partial: true,
    values: (_, { phenomena }) => phenomena,
  },
];
