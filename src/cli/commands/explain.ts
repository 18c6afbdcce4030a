import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { incompleteModel } from '../../config/modelParts';
import { cleanCaption } from '../../data/text/caption';
import { splitWords } from '../../data/text/basicTokenizer';
import { MAP_METHODS, type MapMethod } from '../../model/attentionMaps';
import { describeOtherModel } from '../../model/loadRules';
import {
  findWords,
  SENTENCE_TOKEN,
  type Explanation,
  type FoundWord,
} from '../../train/predict/explanation';
import { writeExplanation } from '../../train/predict/explanationPicture';
import { requireLibrary } from '../../train/modelSession';
import { Predictor, type Question } from '../../train/predict/predictor';
import { strongest } from '../../util/heatMap';
import { inEnglish } from '../../util/localize';
import { UserError } from '../../util/userError';
import { loadConfiguration, type CommonOptions } from '../loadConfiguration';
import { alignColumns } from '../table';
import { requireOutputFile, requireOutputFolder } from '../outputPath';
import { quietNativeLog } from '../quietNativeLog';
import { findConfigurationFile } from '../findConfiguration';
import { userPath } from '../userPath';

export interface ExplainOptions extends Omit<CommonOptions, 'config'> {
  config?: string;
  checkpoint: string;
  left: string;
  right: string;
  sentence: string;
  word?: string;
  layer?: number;
  head?: number;
  answer?: 'true' | 'false';
  method: MapMethod;
  json?: boolean;
  png?: string;
  fade: number;
  overwrite?: boolean;
  allow_missing?: boolean;
}

/** `nlvr explain`: shows where the model looks in the two images, for one word of the sentence or for each. */
export async function explain(options: ExplainOptions): Promise<void> {
  const loaded = loadConfiguration({
    config: findConfigurationFile(options.checkpoint, options.config),
    set: options.set,
    device: options.device,
  });
  const png = options.png === undefined ? undefined : userPath(options.png);
  const pictures = png === undefined ? undefined : outputTarget(png, options);
  const library = await requireLibrary(options.tensorflow);
  quietNativeLog();
  const predictor = await Predictor.open(
    loaded,
    library,
    userPath(options.checkpoint),
    options.allow_missing === true,
    'explain',
  );
  try {
    const differences = predictor.report?.differences ?? [];
    if (differences.length > 0)
      process.stderr.write(`nlvr: ${inEnglish(describeOtherModel(differences))}\n`);
    // Check the options before the images are encoded, which takes longer.
    predictor.requireLayerAndHead(options.layer, options.head);
    const words = chosenWords(predictor, options, loaded.config.max_words);
    if (pictures?.kind === 'file' && words.length > 1) throw ambiguousWordError(options, words);
    const question: Question = {
      left: userPath(options.left),
      right: userPath(options.right),
      sentence: options.sentence,
    };
    const answer = options.answer === undefined ? undefined : options.answer === 'true';
    const explanation = await predictor.explain(question, answer);
    const shown = { layer: options.layer ?? predictor.usualLayer, head: options.head ?? null };
    if (pictures) {
      if (pictures.kind === 'folder') await mkdir(pictures.path, { recursive: true });
      for (const word of words) {
        const maps = explanation.maps(options.method, { ...shown, tokens: word.tokens });
        const file =
          pictures.kind === 'file' ? pictures.path : join(pictures.path, pictureName(word));
        await writeExplanation(file, question, maps, explanation.grid, options.fade);
      }
    }
    const { incomplete } = predictor;
    if (options.json) {
      const report = asJson(explanation, words, shown);
      process.stdout.write(
        `${JSON.stringify({ ...report, ...(incomplete.length > 0 && { incomplete }) })}\n`,
      );
      return;
    }
    const lines = asText(explanation, words, shown, options.method);
    if (pictures)
      lines.push('', `${pictures.kind === 'file' ? 'Picture' : 'Pictures'}: ${pictures.path}`);
    if (incomplete.length > 0) lines.push('', inEnglish(incompleteModel(incomplete)));
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    await predictor.dispose();
  }
}

interface HeadChoice {
  layer: number;
  head: number | null;
}

/** @throws {UserError} that lists the words of the sentence. */
function chosenWords(
  predictor: Predictor,
  { sentence, word }: ExplainOptions,
  maxWords: number,
): FoundWord[] {
  const words = [{ word: SENTENCE_TOKEN, tokens: [0] }, ...predictor.words(sentence)];
  if (word === undefined) return words.map((each, place) => ({ ...each, place }));
  const wanted =
    word.toUpperCase() === SENTENCE_TOKEN
      ? [SENTENCE_TOKEN]
      : splitWords(cleanCaption(word, maxWords));
  const found = findWords(words, wanted);
  if (found.length > 0) return found;
  const known = words.slice(1).map((each) => each.word);
  throw new UserError(`The sentence has no word “${word}”.`, {
    hint: `The model reads these words: ${known.join(', ')}. ${SENTENCE_TOKEN} stands for the whole sentence.`,
  });
}

/** Returns the file or folder of the heat maps. @throws {UserError} when it cannot be written. */
function outputTarget(
  path: string,
  { overwrite, word }: ExplainOptions,
): { kind: 'file' | 'folder'; path: string } {
  if (extname(path).toLowerCase() !== '.png') {
    requireOutputFolder(path);
    return { kind: 'folder', path };
  }
  if (word === undefined)
    throw new UserError(`${path} can contain the image of only one word.`, {
      hint: 'Choose the word with --word, or specify a folder for the images of all words.',
    });
  requireOutputFile(path, overwrite === true);
  return { kind: 'file', path };
}

function ambiguousWordError({ word }: ExplainOptions, words: readonly FoundWord[]): UserError {
  return new UserError(`“${word}” occurs ${words.length} times in the sentence.`, {
    hint: 'Specify a folder for --png, or more words, such as --word "two dogs".',
  });
}

/** `03-dogs.png`. The position makes it unique, because a word may occur twice or contain special characters. */
function pictureName({ place, word }: FoundWord): string {
  const plain = place === 0 ? 'sentence' : word.replace(/[^\p{L}\p{N}]+/gu, '-');
  return `${String(place).padStart(2, '0')}-${plain}.png`;
}

const SIDES = ['left', 'right'] as const;

function asJson(explanation: Explanation, words: readonly FoundWord[], shown: HeadChoice): object {
  const { prediction, prob_true, logits, answer, heads } = explanation.parts;
  const { grid, layers } = explanation;
  return {
    ...{ prediction, prob_true, logits, answer },
    ...{ layer: shown.layer, layers, head: shown.head, heads, grid: [grid, grid] },
    words: words.map(({ place, word, tokens }) => {
      const choice = { ...shown, tokens };
      const maps = MAP_METHODS.map((method) => [method, explanation.maps(method, choice)] as const);
      const classTokens = explanation.classTokens(choice);
      return {
        ...{ word, place, tokens },
        ...Object.fromEntries(
          SIDES.map((side, i) => [
            side,
            {
              ...Object.fromEntries(maps.map(([method, both]) => [method, rows(both[i], grid)])),
              class_token: roundToFloat32(classTokens[i]),
            },
          ]),
        ),
      };
    }),
  };
}

/** A map as rows of numbers. */
function rows(map: Float32Array, grid: number): number[][] {
  return Array.from({ length: grid }, (_, row) =>
    Array.from(map.subarray(row * grid, (row + 1) * grid), roundToFloat32),
  );
}

/** Rounds to the precision of a float32. */
const roundToFloat32 = (value: number): number => Number(value.toPrecision(8));

const METHOD_NAMES: Readonly<Record<MapMethod, string>> = {
  gradcam: 'Grad-CAM',
  attention: 'attention',
};

function asText(
  explanation: Explanation,
  words: readonly FoundWord[],
  shown: HeadChoice,
  method: MapMethod,
): string[] {
  const { prediction, prob_true, answer, heads } = explanation.parts;
  const { grid, layers } = explanation;
  const head = shown.head === null ? `mean of ${heads} heads` : `head ${shown.head} of ${heads}`;
  const maps = words.map(({ tokens }) => explanation.maps(method, { ...shown, tokens }));
  const cell = (map: Float32Array): string[] => {
    const best = strongest(map, grid);
    return best === null
      ? ['0', '']
      : [best.value.toExponential(2), `${best.place} (${best.row + 1}, ${best.column + 1})`];
  };
  const table = alignColumns([
    ['word', 'left image', 'strongest at', 'right image', 'strongest at'],
    ...words.map(({ word }, i) => [word, ...maps[i].flatMap(cell)]),
  ]);
  const lines = [
    `${prediction ? 'True' : 'False'} (probability of True ${prob_true.toFixed(4)})`,
    `Where it looks: ${METHOD_NAMES[method]}${method === 'gradcam' ? ` on the answer ${answer ? 'True' : 'False'}` : ''}, ` +
      `layer ${shown.layer} of ${layers}, ${head}, ${grid} × ${grid} patches per image (row, column).`,
    '',
    ...table,
  ];
  if (
    method === 'gradcam' &&
    words.some(({ tokens }) => explanation.isEmptyByDesign({ ...shown, tokens }))
  )
    lines.push(
      '',
      `In the last layer only ${SENTENCE_TOKEN} reaches the answer, so Grad-CAM of a word is 0. Choose an earlier --layer.`,
    );
  if (words.length === 1) lines.push('', ...drawMaps(maps[0], grid));
  return lines;
}

const SHADES = ' .:-=+*#%@';

/** Draws both maps as text next to each other, on one scale. */
function drawMaps(maps: readonly [Float32Array, Float32Array], grid: number): string[] {
  const max = Math.max(...maps.map((map) => strongest(map, grid)?.value ?? 0));
  const shade = (value: number): string =>
    SHADES[max > 0 ? Math.round((value / max) * (SHADES.length - 1)) : 0].repeat(2);
  const row = (map: Float32Array, at: number): string =>
    Array.from(map.subarray(at * grid, (at + 1) * grid), shade).join('');
  return Array.from({ length: grid }, (_, at) => maps.map((map) => `|${row(map, at)}|`).join(' '));
}
