import { access, readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { MessageText } from '../../util/localize';
import { imagesCheckedAtOnce } from '../../util/machineTuning';
import { messageOf } from '../../util/userError';
import { DataError } from '../dataError';
import { examineImage } from '../image/decode';
import { limitedConcurrency } from '../../util/limitedConcurrency';
import type { VerifiedImages } from './verifiedImages';

/**
 * The images that do not exist. Folders are listed instead of asking for every file, which is many times
 * faster for a folder of a hundred thousand.
 */
export async function findMissing(
  images: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<Set<string>> {
  const folders = new Map<string, string[]>();
  for (const image of images) {
    const folder = dirname(image);
    const files = folders.get(folder);
    if (files) files.push(image);
    else folders.set(folder, [image]);
  }
  const unlisted: string[] = [];
  await limitedConcurrency(
    folders,
    8,
    async ([folder, files]) => {
      const listed = new Set(await readdir(folder).catch(() => []));
      unlisted.push(...files.filter((file) => !listed.has(basename(file))));
    },
    signal,
  );
  // A name may differ from the listing's in case or Unicode form and still be found on some file systems.
  const missing = new Set<string>();
  const confirm = (file: string) => access(file).catch(() => void missing.add(file));
  await limitedConcurrency(unlisted, 16, confirm, signal);
  return missing;
}

export interface ImageFindings {
  /** Why an image cannot be read, by file. */
  unreadable: Map<string, MessageText>;
  /** Width and height of those that can, by file. */
  sizes: Map<string, readonly [number, number]>;
  /** Those that viewers turn by their EXIF orientation, which BLIP's reader ignores, and ours as well. */
  turned: Set<string>;
}

interface ReadOptions {
  depth: 'decode' | 'header';
  verified: VerifiedImages;
  lanes?: number;
  onImage?: (done: number, findings: ImageFindings) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Reads images as training will.
 * @param options.depth `decode` reads every pixel and notices truncated files; `header` the size alone.
 * @param options.verified images found sound before, which are not read again while they do not change.
 * @param options.lanes images at a time.
 * @param options.onImage called after each image with how many are done, and all findings so far.
 */
export async function readImages(
  images: readonly string[],
  { depth, verified, lanes = imagesCheckedAtOnce(), onImage, signal }: ReadOptions,
): Promise<ImageFindings> {
  const findings: ImageFindings = { unreadable: new Map(), sizes: new Map(), turned: new Set() };
  let done = 0;
  const look = async (file: string) => {
    try {
      const known = await verified.factsOf(file);
      const facts = known ?? (await examineImage(file, depth));
      if (!known && depth === 'decode') await verified.add(file, facts);
      findings.sizes.set(file, [facts.width, facts.height]);
      if (facts.orientation !== 1) findings.turned.add(file);
    } catch (error) {
      findings.unreadable.set(file, error instanceof DataError ? error.reason : messageOf(error));
    }
    onImage?.(++done, findings);
  };
  await limitedConcurrency(images, lanes, look, signal);
  return findings;
}
