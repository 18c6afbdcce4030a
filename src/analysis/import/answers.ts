/** Derives predictions from the rows of a file. */
import { localize, type MessageText } from '../../util/localize';
import { DataError } from '../../data/dataError';
import { decide, probabilityTrue } from '../metrics';
import { placeOf, type AnswerFile, type AnswerRow } from './answerRows';

export interface Answer {
  prediction: boolean;
  /** Probability of True; NaN if the file has none. */
  probTrue: number;
  /** [false, true]; NaN if the file has neither logits nor a probability between 0 and 1. */
  logits: [number, number];
  /** The label in the file; null if it has none. */
  label: boolean | null;
}

export interface Answers {
  /** One per row of the file; the reason for an unusable row. */
  answers: (Answer | { problem: MessageText })[];
  /** Assumptions about the file. */
  notes: MessageText[];
}

/** Parsed values of a row. */
interface Values {
  prediction?: boolean;
  label?: boolean;
  probTrue?: number;
  score?: number;
  logits?: [number, number];
}

/** Tolerance for ties of rounded probabilities. */
const TIE = 1e-9;

/**
 * Parses every row. The meaning of a `score`, and of a `label` without a prediction, is determined for the whole file and
 * noted.
 * @throws {DataError} if the scores contradict the predictions in every interpretation
 */
export function parseAnswers(file: string, { rows, unit }: AnswerFile): Answers {
  const notes: MessageText[] = [];
  const values = rows.map((row) => valuesOf(row));
  const usable = values.filter((each): each is Values => !('problem' in each));
  resolveUnnamedValues(usable, rows);
  const readScore = scoreReader(file, values, rows, unit, notes);
  if (usable.length > 0 && usable.every(onlyLabel))
    notes.push(
      localize('The file has only labels. They are interpreted as the answers of the model.'),
    );
  let contradictions = 0;
  let firstPlace = 0;
  const answers = values.map((each, i): Answer | { problem: MessageText } => {
    if ('problem' in each) return each;
    const logits = each.logits;
    const probTrue = logits ? probabilityTrue(logits) : (each.probTrue ?? readScore(each));
    const hasOnlyLabel = onlyLabel(each);
    const given = each.prediction ?? (hasOnlyLabel ? each.label : undefined);
    const byOutput = logits ? decide(logits) : probTrue > 0.5;
    if (given === undefined && Number.isNaN(probTrue))
      return { problem: localize('it has no answer') };
    if (given !== undefined && Math.abs(probTrue - 0.5) > TIE && given !== byOutput) {
      contradictions++;
      firstPlace ||= rows[i].place;
    }
    return {
      prediction: given ?? byOutput,
      probTrue,
      logits: logits ?? logitsOf(probTrue),
      label: hasOnlyLabel ? null : (each.label ?? null),
    };
  });
  if (contradictions > 0)
    notes.push(
      localize(
        'Rows whose prediction is not the more probable answer: {0}, first in {1}. The prediction is used.',
        contradictions,
        placeOf(unit, firstPlace),
      ),
    );
  return { answers, notes };
}

/** The logarithms of both probabilities, as logits; NaN if one is not finite. */
function logitsOf(probTrue: number): [number, number] {
  const logits: [number, number] = [Math.log1p(-probTrue), Math.log(probTrue)];
  return logits.every(Number.isFinite) ? logits : [NaN, NaN];
}

function onlyLabel(values: Values): boolean {
  return values.label !== undefined && Object.keys(values).length === 1;
}

/** Values without a name are predictions if all of them are True or False, otherwise scores. */
function resolveUnnamedValues(usable: readonly Values[], rows: readonly AnswerRow[]): void {
  if (!rows.some(({ values }) => values.answer !== undefined)) return;
  const bare = usable.filter(
    ({ score, prediction }) => score !== undefined && prediction !== undefined,
  );
  const scores = usable.some(
    ({ score, prediction }) => score !== undefined && prediction === undefined,
  );
  // 0 and 1 among fractions are probabilities, 0 and 1 alone are answers.
  for (const each of bare) delete each[scores ? 'prediction' : 'score'];
}

/** Returns a function that converts a row's score to the probability of True; NaN without a score. */
function scoreReader(
  file: string,
  values: readonly (Values | { problem: MessageText })[],
  rows: readonly AnswerRow[],
  unit: AnswerFile['unit'],
  notes: MessageText[],
): (values: Values) => number {
  const scored = values.flatMap((each, i) =>
    !('problem' in each) && each.score !== undefined && !each.logits && each.probTrue === undefined
      ? [{ score: each.score, prediction: each.prediction, place: rows[i].place }]
      : [],
  );
  if (scored.length === 0) return () => NaN;
  const within = scored.every(({ score }) => score >= 0 && score <= 1);
  const threshold = within ? 0.5 : 0;
  const contradiction = scored.find(
    ({ score, prediction }) =>
      prediction !== undefined &&
      Math.abs(score - threshold) > TIE &&
      score > threshold !== prediction,
  );
  if (!contradiction) {
    notes.push(
      within
        ? localize('Scores from 0 to 1 are interpreted as the probability of True.')
        : localize('Scores outside 0 to 1 are interpreted as the log odds of True.'),
    );
    return ({ score }) => (score === undefined ? NaN : within ? score : 1 / (1 + Math.exp(-score)));
  }
  if (within && scored.every(({ score }) => score >= 0.5 - TIE)) {
    notes.push(
      localize('Scores from 0.5 to 1 are interpreted as the probability of the prediction.'),
    );
    return ({ score, prediction }) =>
      score === undefined || prediction === undefined ? NaN : prediction ? score : 1 - score;
  }
  throw new DataError(
    localize(
      'the score {0} contradicts the prediction in {1}, and not every score is a probability of the prediction; name it prob_true, or leave it out',
      contradiction.score,
      placeOf(unit, contradiction.place),
    ),
    { file },
  );
}

/** Parses the values of a row, all of which must be valid; otherwise returns the problem. */
function valuesOf({ values }: AnswerRow): Values | { problem: MessageText } {
  const found: Values = {};
  const wrong = (field: string, value: unknown, wanted: MessageText): { problem: MessageText } => ({
    problem: localize('{0} is {1}; expected {2}', field, shown(value), wanted),
  });
  const boolean = localize('True or False');
  const number = localize('a finite number');
  const { prediction, label, probTrue, score, answer } = values;
  if (isGiven(prediction)) {
    const value = booleanOf(prediction);
    if (value === undefined) return wrong('prediction', prediction, boolean);
    found.prediction = value;
  }
  if (isGiven(label)) {
    const value = booleanOf(label);
    if (value === undefined) return wrong('label', label, boolean);
    found.label = value;
  }
  if (isGiven(probTrue)) {
    const value = numberOf(probTrue);
    if (value === undefined || value < 0 || value > 1)
      return wrong('prob_true', probTrue, localize('a probability from 0 to 1'));
    found.probTrue = value;
  }
  if (isGiven(score)) {
    const value = numberOf(score);
    if (value === undefined) return wrong('score', score, number);
    found.score = value;
  }
  const logits = isGiven(values.logits)
    ? values.logits
    : isGiven(values.logitFalse) || isGiven(values.logitTrue)
      ? [values.logitFalse, values.logitTrue]
      : undefined;
  if (logits !== undefined) {
    const pair = pairOf(logits);
    if (!pair) return wrong('logits', logits, localize('two finite numbers, of False and of True'));
    found.logits = pair;
  }
  if (isGiven(answer)) {
    const truth = booleanOf(answer);
    const value = numberOf(answer);
    if (truth === undefined && value === undefined) return wrong('the answer', answer, boolean);
    if (truth !== undefined) found.prediction = truth;
    if (value !== undefined) found.score = value;
  }
  return Object.keys(found).length === 0 ? { problem: localize('it has no answer') } : found;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  switch (
    typeof value === 'string' || typeof value === 'number' ? String(value).toLowerCase() : ''
  ) {
    case 'true':
    case 'yes':
    case '1':
      return true;
    case 'false':
    case 'no':
    case '0':
      return false;
    default:
      return undefined;
  }
}

function numberOf(value: unknown): number | undefined {
  const number =
    typeof value === 'string' && value.trim() !== ''
      ? Number(value)
      : typeof value === 'number'
        ? value
        : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Parses two numbers as a list, or as a string such as `[-1.2, 0.4]`. */
function pairOf(value: unknown): [number, number] | undefined {
  const items: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value
          .replace(/^[[(]|[\])]$/g, '')
          .split(/[\s,;]+/)
          .filter(Boolean)
      : [];
  const numbers = items.map(numberOf);
  const [no, yes] = numbers;
  return numbers.length === 2 && no !== undefined && yes !== undefined ? [no, yes] : undefined;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
