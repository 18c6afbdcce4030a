import type { Prediction } from '../../run/predictions';
import { UserError } from '../../util/userError';
import type {
  Asked,
  AskedAbout,
  AskState,
  ExplainChoice,
  FailuresRequests,
  PredictionSet,
} from '../../webview/failures/messages';
import { withOrientation, readPicture, toRequest } from './heatMaps';
import { PredictClient, toProblem, type Question } from './predictClient';
import type { SessionEditor } from './sessionEditor';
import type { SessionImages } from './sessionImages';

type AskedQuestion = Omit<FailuresRequests['ask']['params'], 'generation' | 'row'>;

/** Questions about the examples: the prediction process, its state on the page, and the answers so far. */
export class SessionQuestions {
  state: AskState = { state: 'idle' };
  /** The user has confirmed to ask an incomplete model, while the panel is open. */
  allowMissing = false;
  /** Questions and answers by split and identifier; the page loses them when it is hidden. */
  private readonly asked = new Map<string, AskedAbout>();
  /** Stamp of the weights that the prediction process has loaded. */
  private stamp: string | null = null;
  /** Split and identifier of the example whose images the process has encoded last. */
  private prepared: string | null = null;
  private disposed = false;
  private readonly client: PredictClient;

  constructor(
    private readonly images: SessionImages,
    private readonly editor: SessionEditor,
  ) {
    this.client = new PredictClient({
      launch: () => editor.launch(this.allowMissing),
      onState: (state) => this.setState(state),
      log: (line) => editor.log(line),
    });
  }

  /** All questions since the panel was opened. */
  get all(): AskedAbout[] {
    return [...this.asked.values()];
  }

  /** Call when trust was granted, or weights were saved. */
  async refreshAvailability(): Promise<void> {
    const unavailable = await this.editor.askUnavailable();
    if (unavailable) this.setState(unavailable);
    else if (this.state.state === 'unavailable') this.setState({ state: 'idle' });
  }

  /** Asks a question about an example and stores it with its answer. Never rejects: a failure is stored as `problem`. */
  async ask({ images, identifier, split }: Prediction, question: AskedQuestion): Promise<Asked> {
    const asked = await this.question(images, question)
      .then((files) => this.client.ask(files))
      .then(
        (answer): Asked => ({ ...question, answer, problem: null }),
        (error: unknown): Asked => ({ ...question, answer: null, problem: toProblem(error) }),
      );
    this.store(split, identifier, asked);
    return asked;
  }

  /** Computes a heat map. @throws {UserError} when it cannot be computed */
  async explain(
    { images }: Prediction,
    choice: ExplainChoice,
  ): Promise<Awaited<ReturnType<typeof withOrientation>>> {
    const question = await this.question(images, choice);
    return withOrientation(await this.client.explain(question, toRequest(choice)), question);
  }

  /**
   * Renders both images with the heat map as a PNG file.
   * @param fade opacity of the map, from 0 to 1
   * @throws {UserError} when it cannot be computed
   */
  async picture({ images }: Prediction, choice: ExplainChoice, fade: number): Promise<Uint8Array> {
    const question = await this.question(images, choice);
    return readPicture((save) =>
      this.client.explain(question, { ...toRequest(choice), save, fade }),
    );
  }

  /** Starts the process and encodes the images of an example while the user writes the question. */
  async prepare({ images, sentence, identifier, split }: Prediction): Promise<void> {
    const example = keyOf(split, identifier);
    if (this.prepared === example && this.state.state === 'ready') return;
    this.prepared = example;
    // The state shows why a process cannot start; a question about a damaged image reports it.
    await this.question(images, { sentence, swapImages: false })
      .then((files) => this.client.ask(files))
      .catch(() => undefined);
  }

  dispose(): void {
    this.disposed = true;
    this.client.dispose();
  }

  /**
   * Creates a question with the paths of its images. Ends a process that has older weights.
   * @throws {UserError} when it cannot be asked.
   */
  private async question(
    [first, second]: Prediction['images'],
    { swapImages, sentence }: Pick<ExplainChoice, 'swapImages' | 'sentence'>,
  ): Promise<Question> {
    const unavailable = await this.editor.askUnavailable();
    if (unavailable) throw new UserError(unavailable.message);
    const [left, right] = swapImages ? [second, first] : [first, second];
    const files = {
      left: await this.images.require(left),
      right: await this.images.require(right),
    };
    const stamp = await this.editor.checkpointStamp();
    if (this.stamp !== stamp) this.client.restart();
    this.stamp = stamp;
    return { ...files, sentence };
  }

  private store(split: PredictionSet['split'], identifier: string, asked: Asked): void {
    const key = keyOf(split, identifier);
    const questions = [...(this.asked.get(key)?.questions ?? []), asked];
    this.asked.set(key, { split, identifier, questions });
  }

  private setState(state: AskState): void {
    if (JSON.stringify(state) === JSON.stringify(this.state)) return;
    this.state = state;
    if (!this.disposed) this.editor.send({ type: 'askState', ask: state });
  }
}

/** Key of an example; names of splits have no slash. */
function keyOf(split: PredictionSet['split'], identifier: string): string {
  return `${split}/${identifier}`;
}
