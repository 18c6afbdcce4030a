/** Answers questions of `nlvr predict --serve` that request heat maps. */
import { MAP_METHODS, type MapMethod } from '../model/attentionMaps';
import { writeExplanation } from '../train/predict/explanationPicture';
import type { Predictor, Question } from '../train/predict/predictor';
import { DEFAULT_FADE } from '../util/heatMap';
import { UserError } from '../util/userError';

/** `explain` of a question; the defaults are those of `nlvr explain`. */
export interface ExplainRequest {
  /** Index of a word among the words that the model reads, from 1; 0, the default, is the whole sentence. */
  word?: number;
  /** From 1. */
  layer?: number;
  /** From 1; null for the mean over heads. */
  head?: number | null;
  method?: MapMethod;
  /** The answer to explain. */
  answer?: boolean;
  /** Absolute path of a PNG file to write. */
  save?: string;
  /** Opacity of the heat map in that file, 0 to 1. */
  fade?: number;
}

/** @throws {UserError} that names the invalid field */
export function parseExplain(value: unknown): ExplainRequest {
  if (typeof value !== 'object' || value === null)
    throw new UserError('`explain` of a question is an object, which may be empty.');
  const fields = value as Record<string, unknown>;
  const wrong = (name: string, expected: string): never => {
    throw new UserError(`\`explain.${name}\` of a question must be ${expected}.`);
  };
  const isPlace = (place: unknown): boolean => Number.isInteger(place) && (place as number) >= 0;
  const { word, layer, head, method, answer, save, fade } = fields;
  if (word !== undefined && !isPlace(word)) wrong('word', 'a whole number from 0');
  if (layer !== undefined && !isPlace(layer)) wrong('layer', 'a whole number from 1');
  if (head !== undefined && head !== null && !isPlace(head))
    wrong('head', 'a whole number from 1, or null');
  if (method !== undefined && !MAP_METHODS.some((known) => known === method))
    wrong('method', `one of ${MAP_METHODS.join(', ')}`);
  if (answer !== undefined && typeof answer !== 'boolean') wrong('answer', 'true or false');
  if (save !== undefined && typeof save !== 'string') wrong('save', 'the path of a file');
  if (fade !== undefined && !(typeof fade === 'number' && fade >= 0 && fade <= 1))
    wrong('fade', 'a number from 0 to 1');
  return fields;
}

/** Answers a question with the heat maps of one word, as fields of an answer line. @throws {UserError} */
export async function answerExplain(
  predictor: Predictor,
  question: Question,
  request: ExplainRequest,
): Promise<object> {
  const { method = 'gradcam', head = null, word = 0 } = request;
  predictor.requireLayerAndHead(request.layer, head);
  const explanation = await predictor.explain(question, request.answer);
  const { prediction, prob_true, logits, encoded, answer, heads } = explanation.parts;
  const { words, layers, grid } = explanation;
  // While the sentence is being edited, the index may refer to a word of an earlier text.
  const place = word < words.length ? word : 0;
  const layer = request.layer ?? predictor.usualLayer;
  const choice = { tokens: words[place].tokens, layer, head };
  const maps = explanation.maps(method, choice);
  if (request.save !== undefined)
    await writeExplanation(request.save, question, maps, grid, request.fade ?? DEFAULT_FADE);
  return {
    ...{ prediction, prob_true, logits, encoded },
    explained: {
      ...{ answer, method, layer, layers, head, heads, grid },
      words: words.map((each) => each.word),
      word: place,
      left: Array.from(maps[0]),
      right: Array.from(maps[1]),
      class_tokens: explanation.classTokens(choice),
      empty: method === 'gradcam' && explanation.isEmptyByDesign(choice),
    },
  };
}
