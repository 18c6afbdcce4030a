/** Answers single questions about image pairs. The features of recently used images stay in the runtime. */
import type { LoadedConfig } from '../../config/load';
import { missingParts, type MissingPart } from '../../config/modelParts';
import { decodeImage } from '../../data/image/decode';
import { evaluationTransform } from '../../data/image/transform';
import { cleanCaption } from '../../data/text/caption';
import { defaultTokenizer, type TokenWord } from '../../data/text/tokenizer';
import { usualLayer, type LayerAttention } from '../../model/attentionMaps';
import { readModelConfig } from '../../model/config';
import type { LoadReport } from '../../model/loadRules';
import type { Library } from '../../runtime/install/library';
import { checkWeights } from '../checkpoint/checkWeights';
import { requireFiniteLogitPair } from '../evaluate/finiteLogits';
import { ImageSlots } from '../evaluate/imageSlots';
import { decide, probabilityTrue } from '../../analysis/metrics';
import { initializeWeights, openModelSession, type ModelSession } from '../modelSession';
import { Explanation, requireLayerAndHead } from './explanation';
import { attentionName, NlvrPrograms } from '../programs';

/** Number of images whose features are kept. */
const SLOTS = 16;
/**
 * Sentences are padded to a multiple of this number of tokens, so that most have the same length. Tracing a program for
 * another length takes a second with the base model; computing the padding takes at most 0.2 s.
 */
const LENGTH_MULTIPLE = 40;
/** Number of explanations to keep, such as those of True and False of one question: 53 MB each for the base model. */
const MAX_EXPLANATIONS = 2;

export interface Question {
  /** Paths of the images. */
  left: string;
  right: string;
  sentence: string;
}

export interface Answer {
  prediction: boolean;
  prob_true: number;
  /** [false, true] */
  logits: [number, number];
  /** Number of images that were encoded for it: 0, 1 or 2. */
  encoded: number;
}

interface PreparedQuestion {
  /** Tokens of the padded sentence. */
  length: number;
  words: TokenWord[];
  feeds: Record<'left' | 'right' | 'inputIds' | 'attentionMask', Int32Array>;
  /** Number of images that were encoded. */
  encoded: number;
}

/** @throws {UserError} when the logits are not finite. */
function answerOf([isFalse, isTrue]: ArrayLike<number> & Iterable<number>): Omit<
  Answer,
  'encoded'
> {
  const logits: [number, number] = [isFalse, isTrue];
  requireFiniteLogitPair(logits);
  return { prediction: decide(logits), prob_true: probabilityTrue(logits), logits };
}

function paddedLength(tokens: number, maxPositions: number): number {
  return Math.min(Math.ceil(tokens / LENGTH_MULTIPLE) * LENGTH_MULTIPLE, maxPositions);
}

export class Predictor {
  /** By question and explained answer, the most recent last. */
  private readonly explanations = new Map<string, Explanation>();
  /** Whether explanations may follow: their program is then traced after an answer. */
  willExplain = false;
  private readonly slots = new ImageSlots(SLOTS);
  private disposed = false;
  private readonly tokenizer = defaultTokenizer();

  private constructor(
    private readonly loaded: LoadedConfig,
    private readonly opened: ModelSession,
    private readonly programs: NlvrPrograms,
    readonly report: LoadReport | undefined,
  ) {}

  /**
   * @param checkpoint `.pth`, `.safetensors`, run folder or address.
   * @param allowMissing whether parameters that it lacks may get random values.
   * @param first the first request, whose program is prepared while the weights are read.
   */
  static async open(
    loaded: LoadedConfig,
    library: Library,
    checkpoint: string,
    allowMissing: boolean,
    first: 'classify' | 'explain' = 'classify',
  ): Promise<Predictor> {
    // Reports errors before the session is opened, which takes longer.
    await checkWeights(checkpoint, readModelConfig(loaded.config, loaded.folder), allowMissing);
    const opened = await openModelSession({ loaded, library, latencyMode: true });
    try {
      const programs = new NlvrPrograms(opened.session, opened.model, {
        training: loaded.config,
        trainable: [],
        frozenVit: false,
        pixels: 'uint8',
      });
      programs.reserveSlots(SLOTS);
      const usual = paddedLength(1, opened.model.text.maxPositions);
      // TensorFlow prepares them while the second one is traced and the weights are read.
      void programs.encodingProgram(1).prepare();
      const firstProgram =
        first === 'explain'
          ? programs.explanationProgram(1, usual)
          : programs.classificationProgram(1, usual);
      void firstProgram.prepare();
      const report = await initializeWeights(opened, loaded, checkpoint, { allowMissing });
      return new Predictor(loaded, opened, programs, report);
    } catch (error) {
      await opened.dispose();
      throw error;
    }
  }

  /** Parts of the model that have random values. */
  get incomplete(): MissingPart[] {
    return missingParts(this.report?.missing ?? []);
  }

  get device(): string {
    return this.opened.session.info.device;
  }

  get parameters(): number {
    return [...this.opened.shapes.values()].reduce(
      (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
  }

  /** @throws {UserError} when an image cannot be read or the sentence is empty or too long. */
  async answer(question: Question): Promise<Answer> {
    const { length, feeds, encoded } = await this.prepare(question);
    const outputs = await this.programs.classificationProgram(1, length).run(feeds);
    if (this.willExplain) this.prepareExplanation(length);
    return { ...answerOf(outputs['logits']), encoded };
  }

  /**
   * Explains an answer. The most recent explanations are kept, so that maps of another word, layer or head take no time.
   * @param answer the answer to explain; undefined for the model's answer.
   * @throws {UserError} as `answer`.
   */
  async explain(question: Question, answer: boolean | undefined): Promise<Explanation> {
    const key = JSON.stringify([question.left, question.right, question.sentence, answer ?? null]);
    const known = this.explanations.get(key);
    if (known) return known;
    const { length, words, feeds, encoded } = await this.prepare(question, this.traceExplanation);
    const wanted = Float32Array.of(
      answer === false ? 1 : 0,
      answer === true ? 1 : 0,
      answer === undefined ? 1 : 0,
    );
    const outputs = await this.programs.explanationProgram(1, length).run({ ...feeds, wanted });
    const given = answerOf(outputs['logits']);
    const { layers, heads } = this.opened.model.text;
    const attention = (layer: number, image: 0 | 1): LayerAttention => {
      const name = attentionName(layer, image);
      return {
        heads,
        length,
        imageTokens: this.programs.featureShape[0],
        probabilities: outputs[`${name}.probabilities`] as Float32Array,
        gradient: outputs[`${name}.gradient`] as Float32Array,
      };
    };
    const explanation = new Explanation({
      ...given,
      answer: answer ?? given.prediction,
      encoded,
      words,
      heads,
      attention: Array.from(
        { length: layers },
        (_, layer) => [attention(layer, 0), attention(layer, 1)] as const,
      ),
    });
    this.explanations.set(key, explanation);
    for (const oldest of this.explanations.keys()) {
      if (this.explanations.size <= MAX_EXPLANATIONS) break;
      this.explanations.delete(oldest);
    }
    return explanation;
  }

  /** @throws {UserError} for a layer or head that the model does not have. */
  requireLayerAndHead(layer: number | undefined, head: number | null | undefined): void {
    requireLayerAndHead(this.opened.model.text, layer, head);
  }

  /** The default layer of maps, from 1. */
  get usualLayer(): number {
    return usualLayer(this.opened.model.text.layers);
  }

  /** The words of a sentence as the model reads them. */
  words(sentence: string): TokenWord[] {
    const caption = cleanCaption(sentence, this.loaded.config.max_words);
    return this.tokenizer.words(caption, this.opened.model.text.maxPositions);
  }

  /** Traces the program of an explanation after the answer, because it blocks this thread: for a second with the base model. */
  private prepareExplanation(length: number): void {
    setImmediate(() => {
      if (!this.disposed) this.traceExplanation(length);
    });
  }

  /** Traces the program of an explanation; in `explain`, while TensorFlow's threads encode an image. */
  private readonly traceExplanation = (length: number): void =>
    void this.programs.explanationProgram(1, length);

  /**
   * Prepares the feeds of a question, and encodes images without a slot.
   * @param meanwhile called with the sentence's padded length while an image is being encoded.
   */
  private async prepare(
    { left, right, sentence }: Question,
    meanwhile?: (length: number) => void,
  ): Promise<PreparedQuestion> {
    const { config } = this.loaded;
    const { maxPositions } = this.opened.model.text;
    const ids = this.tokenizer.encode(cleanCaption(sentence, config.max_words), maxPositions);
    const length = paddedLength(ids.length, maxPositions);
    const inputIds = new Int32Array(length);
    const attentionMask = new Int32Array(length);
    inputIds.set(ids);
    attentionMask.fill(1, 0, ids.length);
    const inUse = new Set([left, right]);
    let encoded = 0;
    const slotOf = async (image: string): Promise<number> => {
      const known = this.slots.find(image);
      if (known !== undefined) return known;
      const pixels = new Uint8Array(config.image_size ** 2 * 3);
      evaluationTransform(await decodeImage(image), config.image_size, pixels);
      const slot = this.slots.take(image, inUse);
      const encoding = this.programs
        .encodingProgram(1)
        .run({ images: pixels, slots: Int32Array.of(slot) });
      meanwhile?.(length);
      await encoding;
      encoded++;
      return slot;
    };
    const feeds = {
      left: Int32Array.of(await slotOf(left)),
      right: Int32Array.of(await slotOf(right)),
      inputIds,
      attentionMask,
    };
    return { length, words: this.words(sentence), feeds, encoded };
  }

  dispose(): Promise<void> {
    this.disposed = true;
    return this.opened.dispose();
  }
}
