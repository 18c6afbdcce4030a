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
import { asShown, pictureOf, requestOf } from './explained';
import { PredictClient, shownProblem, type Question } from './predictClient';
import type { SessionEditor } from './sessionEditor';
import type { SessionImages } from './sessionImages';

type AskedQuestion = Omit<FailuresRequests['ask']['params'], 'generation' | 'row'>;

/** What is asked about the examples: the prediction process, its state on the page, and the answers so far. */
export class SessionQuestions {
  state: AskState = { state: 'idle' };
  /** The person has chosen to ask an incomplete model, as long as the panel is open. */
  allowMissing = false;
  /** Questions and answers by split and identifier; the page loses them whenever it is hidden. */
  private readonly asked = new Map<string, AskedAbout>();
  /** Of the weights that the prediction process has. */
  private stamp: string | null = null;
  /** Split and identifier of the example whose images the process was last asked to encode. */
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

  /** All that was asked since the panel was opened. */
  get all(): AskedAbout[] {
    return [...this.asked.values()];
  }

  /** Trust was granted, or weights appeared. */
  async refreshAvailability(): Promise<void> {
    const unavailable = await this.editor.askUnavailable();
    if (unavailable) this.setState(unavailable);
    else if (this.state.state === 'unavailable') this.setState({ state: 'idle' });
  }

  /** Asks a question about an example and keeps it. Never rejects: a failure is kept as `problem`. */
  async ask({ images, identifier, split }: Prediction, question: AskedQuestion): Promise<Asked> {
    const asked = await this.question(images, question)
      .then((files) => this.client.ask(files))
      .then(
        (answer): Asked => ({ ...question, answer, problem: null }),
        (error: unknown): Asked => ({ ...question, answer: null, problem: shownProblem(error) }),
      );
    this.keep(split, identifier, asked);
    return asked;
  }

  /** Finds where the model looks. @throws {UserError} why it cannot be found */
  async explain(
    { images }: Prediction,
    choice: ExplainChoice,
  ): Promise<Awaited<ReturnType<typeof asShown>>> {
    const question = await this.question(images, choice);
    return asShown(await this.client.explain(question, requestOf(choice)), question);
  }

  /**
   * Both images with the map over them, as the bytes of a PNG file.
   * @param fade how much of the map is seen, from 0 to 1
   * @throws {UserError} why there is none
   */
  async picture({ images }: Prediction, choice: ExplainChoice, fade: number): Promise<Uint8Array> {
    const question = await this.question(images, choice);
    return pictureOf((save) => this.client.explain(question, { ...requestOf(choice), save, fade }));
  }

  /** Has the process start and encode the images of an example while the question is being written. */
  async prepare({ images, sentence, identifier, split }: Prediction): Promise<void> {
    const example = keyOf(split, identifier);
    if (this.prepared === example && this.state.state === 'ready') return;
    this.prepared = example;
    // A process that cannot start says so by its state; a bad image will say so when it is asked about.
    await this.question(images, { sentence, swapImages: false })
      .then((files) => this.client.ask(files))
      .catch(() => undefined);
  }

  dispose(): void {
    this.disposed = true;
    this.client.dispose();
  }

  /**
   * A question with its files; a process that has older weights is ended.
   * @throws {UserError} why it cannot be asked.
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

  private keep(split: PredictionSet['split'], identifier: string, asked: Asked): void {
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

/** No split has a slash in its name. */
function keyOf(split: PredictionSet['split'], identifier: string): string {
  return `${split}/${identifier}`;
}
