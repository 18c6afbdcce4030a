import { imageFile, imageProblem } from '../../run/runImages';
import { formatMessage, localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import type { DetailImage } from '../../webview/failures/messages';
import type { SessionEditor, SessionRun } from './sessionEditor';
import type { SetLoader } from './setLoader';
import type { Thumbnails } from './thumbnails';

/** Provides the images of the predictions shown: checks paths, creates URIs for the page, and sends thumbnails. */
export class SessionImages {
  private wanted = new Set<number>();
  private disposed = false;

  constructor(
    private readonly run: SessionRun,
    private readonly loader: SetLoader,
    private readonly thumbnails: Thumbnails,
    private readonly editor: SessionEditor,
  ) {}

  /** An image of a prediction for the page, or the reason why it cannot be shown. */
  async detail(named: string): Promise<DetailImage> {
    const { path, problem } = await this.find(named);
    return problem === null
      ? { path, uri: this.editor.webviewUri(path) }
      : { path, uri: null, problem };
  }

  /**
   * Resolves the path of an image.
   * @param named the path in a prediction
   * @returns the absolute path
   * @throws {UserError} when the file is not an image of the run, as in a damaged prediction file.
   */
  async require(named: string): Promise<string> {
    const { path, problem } = await this.find(named);
    if (problem !== null) throw new UserError(localize('{0}: {1}', path, problem));
    return path;
  }

  /**
   * Sends the thumbnails of images as they are created. Earlier requests are canceled.
   * @param generation generation of the load that the images belong to
   */
  async sendThumbnails(generation: number, images: number[]): Promise<void> {
    if (generation !== this.loader.generation) return;
    const wanted = new Set(images);
    this.wanted = wanted;
    const isWanted = (image: number) => this.wanted.has(image) && !this.disposed;
    let items: { image: number; uri: string | null }[] = [];
    let sending: NodeJS.Immediate | undefined;
    const send = () => {
      sending = undefined;
      this.editor.send({ type: 'thumbnails', generation, items });
      items = [];
    };
    await Promise.all(
      images.map(async (image) => {
        const named = this.loader.imagePath(image);
        if (named === undefined) return;
        const { path, problem } = await this.find(named);
        const file = problem === null ? await this.listImage(path, () => isWanted(image)) : null;
        if (file === undefined) return;
        items.push({ image, uri: file === null ? null : this.editor.webviewUri(file) });
        // Cached thumbnails are sent in one message, which the page renders once.
        sending ??= setImmediate(send);
      }),
    );
  }

  dispose(): void {
    this.disposed = true;
  }

  /** The image for the list. In Restricted Mode, no image is decoded here: the page, which is sandboxed, gets the file. */
  private listImage(path: string, wanted: () => boolean): Promise<string | null | undefined> {
    return this.editor.mayDecode() ? this.thumbnails.get(path, wanted) : Promise.resolve(path);
  }

  /** The path of an image of a prediction, and why it cannot be shown, or null. */
  private async find(named: string): Promise<{ path: string; problem: string | null }> {
    const imageRoot = (await this.run.paths())?.imageRoot ?? null;
    const path = imageFile(imageRoot, named);
    const { translate, mayShow } = this.editor;
    const problem = await imageProblem(imageRoot, path, mayShow);
    return { path, problem: problem === null ? null : formatMessage(problem, translate) };
  }
}
