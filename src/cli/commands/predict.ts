import { createInterface } from 'node:readline';
import { incompleteModel } from '../../config/modelParts';
import { describeOtherModel } from '../../model/loadRules';
import { Predictor, type Question } from '../../train/predict/predictor';
import { requireLibrary } from '../../train/modelSession';
import { storedAdvice, inEnglish } from '../../util/localize';
import { UserError, errorDetails } from '../../util/userError';
import { loadConfiguration, type CommonOptions } from '../loadConfiguration';
import { answerExplain, parseExplain, type ExplainRequest } from '../explainRequest';
import { quietNativeLog } from '../quietNativeLog';
import { findConfigurationFile } from '../findConfiguration';
import { userPath } from '../userPath';

export interface PredictOptions extends Omit<CommonOptions, 'config'> {
  config?: string;
  checkpoint: string;
  left?: string;
  right?: string;
  sentence?: string;
  json?: boolean;
  serve?: boolean;
  allow_missing?: boolean;
}

/** `nlvr predict`: answers one question from the command line, or many from standard input. */
export async function predict(options: PredictOptions): Promise<void> {
  const { left, right, sentence } = options;
  const single = left !== undefined && right !== undefined && sentence !== undefined;
  if (!options.serve && !single)
    throw new UserError('nlvr predict needs --left, --right and --sentence.', {
      hint: 'Use --serve to read questions from standard input.',
    });
  const loaded = loadConfiguration({
    config: findConfigurationFile(options.checkpoint, options.config),
    set: options.set,
    device: options.device,
  });
  const library = await requireLibrary(options.tensorflow);
  const checkpoint = userPath(options.checkpoint);
  quietNativeLog();
  const allowMissing = options.allow_missing === true;
  const predictor = await Predictor.open(loaded, library, checkpoint, allowMissing).catch(
    (error: unknown) => {
      // A client of --serve receives the reason in place of the answers.
      if (options.serve) writeLine(errorFields(error));
      throw error;
    },
  );
  const { incomplete } = predictor;
  const differences = predictor.report?.differences ?? [];
  if (differences.length > 0)
    process.stderr.write(`nlvr: ${inEnglish(describeOtherModel(differences))}\n`);
  try {
    if (options.serve) await serve(predictor);
    else if (single) {
      const answer = await predictor.answer({
        left: userPath(left),
        right: userPath(right),
        sentence,
      });
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ ...answer, ...(incomplete.length > 0 && { incomplete }) })}\n`
          : `${answer.prediction ? 'True' : 'False'} (probability of True ${answer.prob_true.toFixed(4)})\n`,
      );
      if (incomplete.length > 0 && !options.json)
        process.stdout.write(`${inEnglish(incompleteModel(incomplete))}\n`);
    }
  } finally {
    await predictor.dispose();
  }
}

/**
 * Serves questions as JSON Lines until standard input ends. Writes a line with `ready`, then for each question (`id`,
 * `left`, `right`, `sentence`) a line with the answer or `error` and the same `id`.
 */
async function serve(predictor: Predictor): Promise<void> {
  predictor.willExplain = true;
  const { device, parameters, incomplete } = predictor;
  const incompletely = incomplete.length > 0 && { incomplete };
  writeLine({ ready: true, device, parameters, ...incompletely });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue;
    let id: unknown = null;
    try {
      const question = parseQuestion(line);
      id = question.id;
      const began = performance.now();
      const answer = question.explain
        ? await answerExplain(predictor, question, question.explain)
        : await predictor.answer(question);
      writeLine({ id, ...answer, ...incompletely, ms: Math.round(performance.now() - began) });
    } catch (error) {
      writeLine({ id: id ?? idOf(line), ...errorFields(error) });
    }
  }
}

function writeLine(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Converts an error to the fields of an answer line. */
function errorFields(thrown: unknown): object {
  const { message: words, hint } = errorDetails(thrown);
  const { message: error, ...more } = storedAdvice(words, hint);
  const allowedBy = thrown instanceof UserError ? thrown.allowedBy : undefined;
  return { error, ...more, ...(allowedBy !== undefined && { allowedBy }) };
}

type QuestionLine = Question & { id: unknown; explain?: ExplainRequest };

function parseQuestion(line: string): QuestionLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UserError('The question is not a JSON object on one line.');
  }
  const { id, left, right, sentence, explain } = (value ?? {}) as Record<string, unknown>;
  if (typeof left !== 'string' || typeof right !== 'string' || typeof sentence !== 'string')
    throw new UserError(
      'A question needs the strings `left`, `right` (image paths) and `sentence`.',
    );
  const question = { id, left, right, sentence };
  return explain === undefined ? question : { ...question, explain: parseExplain(explain) };
}

/** The id of an invalid question, so that the client can assign the error to it. */
function idOf(line: string): unknown {
  try {
    return (JSON.parse(line) as { id?: unknown } | null)?.id ?? null;
  } catch {
    return null;
  }
}
