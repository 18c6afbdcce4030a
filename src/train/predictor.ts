/** Answers single questions about image pairs; the features of images asked about lately stay in the runtime. */
import type { LoadedConfig } from '../config/load';
import { missingParts, type MissingPart } from '../config/modelParts';
import { decodeImage } from '../data/image/decode';
import { evaluationTransform } from '../data/image/transform';
import { cleanCaption } from '../data/text/caption';
import { defaultTokenizer } from '../data/text/tokenizer';
import { readModelConfig } from '../model/config';
import type { LoadReport } from '../model/loadRules';
import type { Library } from '../runtime/library';
import { checkWeights } from './checkWeights';
import { requireFiniteAnswer } from './finiteAnswers';
import { ImageSlots } from './imageSlots';
import { decide, probabilityTrue } from '../analysis/metrics';
import { initialiseWeights, openModelSession, type ModelSession } from './modelSession';
import { NlvrPrograms } from './programs';

/** Images whose features stay. */
const SLOTS = 16;
/**
 * Sentences are padded to a multiple of this many tokens, most of them to the same length: a program is recorded for
 * each length, which takes the base model a second; computing the padding takes it at most 0.2 s.
 */
const LENGTH_MULTIPLE = 40;

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
  /** Images that had to be encoded for it: 0, 1 or 2. */
  encoded: number;
}

export class Predictor {
  private readonly slots = new ImageSlots(SLOTS);
  private readonly programs: NlvrPrograms;
  private readonly tokenizer = defaultTokenizer();

  private constructor(
    private readonly loaded: LoadedConfig,
    private readonly opened: ModelSession,
    readonly report: LoadReport | undefined,
  ) {
    this.programs = new NlvrPrograms(opened.session, opened.model, {
      optimizer: loaded.config,
      trainable: [],
      frozenVit: false,
      pixels: 'uint8',
    });
    this.programs.reserveSlots(SLOTS);
  }

  /**
   * @param checkpoint `.pth`, `.safetensors`, run folder or address.
   * @param allowMissing whether random values may stand in for what it lacks.
   */
  static async open(
    loaded: LoadedConfig,
    library: Library,
    checkpoint: string,
    allowMissing: boolean,
  ): Promise<Predictor> {
    // What is wrong is found before the session is opened, which takes longer.
    await checkWeights(checkpoint, readModelConfig(loaded.config, loaded.folder), allowMissing);
    const opened = await openModelSession({ loaded, library, oneQuestion: true });
    try {
      const report = await initialiseWeights(opened, loaded, checkpoint, { allowMissing });
      return new Predictor(loaded, opened, report);
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
  async answer({ left, right, sentence }: Question): Promise<Answer> {
    const { config } = this.loaded;
    const { maxPositions } = this.opened.model.text;
    const ids = this.tokenizer.encode(cleanCaption(sentence, config.max_words), maxPositions);
    const length = Math.min(
      Math.ceil(ids.length / LENGTH_MULTIPLE) * LENGTH_MULTIPLE,
      maxPositions,
    );
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
      await this.programs.encode(1).run({ images: pixels, slots: Int32Array.of(slot) });
      encoded++;
      return slot;
    };
    const outputs = await this.programs.classify(1, length).run({
      left: Int32Array.of(await slotOf(left)),
      right: Int32Array.of(await slotOf(right)),
      inputIds,
      attentionMask,
    });
    const logits: [number, number] = [outputs['logits'][0], outputs['logits'][1]];
    requireFiniteAnswer(logits);
    return { prediction: decide(logits), prob_true: probabilityTrue(logits), logits, encoded };
  }

  dispose(): Promise<void> {
    return this.opened.dispose();
  }
}
