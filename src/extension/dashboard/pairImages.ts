import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Thumbnail } from '../../webview/dashboard/messages';
import { runPaths } from '../../run/runPaths';
import { imageFile, imageProblem, type AccessCheck } from '../../run/runImages';
import { formatMessage } from '../../util/localize';
import type { Translate } from '../translate';
import type { Thumbnails } from '../failures/thumbnails';
import { retryUntilFound } from '../retryUntilFound';

/** Which images may be shown and decoded. */
interface ImagePolicy {
  mayShow: AccessCheck;
  /** Whether images may be decoded in this process. */
  mayDecode(): boolean;
}

/** Maximum size of an image that is sent to the page unchanged, in bytes. */
const MAX_UNCHANGED_BYTES = 2 << 20;
const mimeTypes: Partial<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.bmp': 'image/bmp',
};

/** Thumbnails of the watched pairs, only of files in the image folder of the run. */
export class PairImages {
  private readonly roots = new Map<string, () => Promise<string | null>>();

  constructor(
    private readonly thumbnails: Thumbnails,
    private readonly translate: Translate,
    private readonly policy: ImagePolicy,
  ) {}

  /** @param configFile configuration file of the run, the base of relative paths */
  get(runFolder: string, configFile: string, images: readonly string[]): Promise<Thumbnail[]> {
    return Promise.all(images.map((image) => this.thumbnail(runFolder, configFile, image)));
  }

  /** The path of an image of the run, and why it may not be shown; `problem` is null if it may be shown. */
  async find(
    runFolder: string,
    configFile: string,
    image: string,
  ): Promise<{ path: string; problem: string | null }> {
    const root = await this.root(runFolder, configFile);
    const path = imageFile(root, image);
    const problem = await imageProblem(root, path, this.policy.mayShow);
    return { path, problem: problem === null ? null : formatMessage(problem, this.translate) };
  }

  private root(runFolder: string, configFile: string): Promise<string | null> {
    // A run that has just started may not have recorded its configuration file yet.
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

  private async thumbnail(
    runFolder: string,
    configFile: string,
    image: string,
  ): Promise<Thumbnail> {
    const { path, problem } = await this.find(runFolder, configFile, image);
    if (problem !== null) return { uri: null, problem };
    if (!this.policy.mayDecode()) return this.dataUri(path);
    const file = await this.thumbnails.get(path);
    if (typeof file !== 'string')
      return { uri: null, problem: this.translate('It is not an image.') };
    const bytes = await readFile(file);
    return { uri: `data:image/webp;base64,${bytes.toString('base64')}` };
  }

  /** The unchanged file as a data URI: the page, which is sandboxed, decodes it. */
  private async dataUri(path: string): Promise<Thumbnail> {
    const type = mimeTypes[extname(path).toLowerCase()];
    const { size } = await stat(path);
    if (type === undefined || size > MAX_UNCHANGED_BYTES)
      return {
        uri: null,
        problem: this.translate('Trust the workspace to see this image.'),
      };
    return { uri: `data:${type};base64,${(await readFile(path)).toString('base64')}` };
  }
}
