import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Thumbnail } from '../../webview/dashboard/messages';
import { runPaths } from '../../run/runPaths';
import { imageFile, imageProblem, type AccessCheck } from '../../run/runImages';
import { formatMessage } from '../../util/localize';
import type { Translate } from '../translate';
import type { Thumbnails } from '../failures/thumbnails';
import { retryUntilFound } from '../retryUntilFound';

/** What the editor allows. */
interface Trust {
  mayShow: AccessCheck;
  /** Whether images may be decoded in this process. */
  mayDecode(): boolean;
}

/** Largest picture that goes to the page as it is. */
const LARGEST_WHOLE = 2 << 20;
const types: Partial<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.bmp': 'image/bmp',
};

/** Pictures of the watched pairs: small, and only of files that lie in the run's own image folder. */
export class Pictures {
  private readonly roots = new Map<string, () => Promise<string | null>>();

  constructor(
    private readonly thumbnails: Thumbnails,
    private readonly translate: Translate,
    private readonly trust: Trust,
  ) {}

  /** @param configFile what the run was started with: relative paths in its configuration start there. */
  get(runFolder: string, configFile: string, images: readonly string[]): Promise<Thumbnail[]> {
    return Promise.all(images.map((image) => this.one(runFolder, configFile, image)));
  }

  /** The path of an image of the run, and why it may not be shown; `problem` is null if it may. */
  async find(
    runFolder: string,
    configFile: string,
    image: string,
  ): Promise<{ path: string; problem: string | null }> {
    const root = await this.root(runFolder, configFile);
    const path = imageFile(root, image);
    const problem = await imageProblem(root, path, this.trust.mayShow);
    return { path, problem: problem === null ? null : formatMessage(problem, this.translate) };
  }

  private root(runFolder: string, configFile: string): Promise<string | null> {
    // A run that has just been started may not have said yet which file that is.
    const key = `${runFolder}\0${configFile}`;
    let root = this.roots.get(key);
    if (!root) {
      root = retryUntilFound(
        async () => (await runPaths(runFolder, configFile))?.imageRoot ?? null,
      );
      this.roots.set(key, root);
    }
    return root();
  }

  private async one(runFolder: string, configFile: string, image: string): Promise<Thumbnail> {
    const { path, problem } = await this.find(runFolder, configFile, image);
    if (problem !== null) return { uri: null, problem };
    if (!this.trust.mayDecode()) return this.whole(path);
    const file = await this.thumbnails.get(path);
    if (typeof file !== 'string')
      return { uri: null, problem: this.translate('It is not an image.') };
    const bytes = await readFile(file);
    return { uri: `data:image/webp;base64,${bytes.toString('base64')}` };
  }

  /** The unchanged file, for the page to decode, which is sandboxed. */
  private async whole(path: string): Promise<Thumbnail> {
    const type = types[extname(path).toLowerCase()];
    const { size } = await stat(path);
    if (type === undefined || size > LARGEST_WHOLE)
      return {
        uri: null,
        problem: this.translate('Trust the workspace to see this image.'),
      };
    return { uri: `data:${type};base64,${(await readFile(path)).toString('base64')}` };
  }
}
