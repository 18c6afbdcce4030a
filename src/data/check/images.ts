import { access, readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { MessageText } from '../../util/localize';
import { imagesCheckedAtOnce } from '../../util/machineTuning';
import { messageOf } from '../../util/userError';
import { DataError } from '../dataError';
import { inspectImage } from '../image/decode';
import { limitedConcurrency } from '../../util/limitedConcurrency';
import type { VerifiedImages } from './verifiedImages';

/**
 * Finds the images that do not exist. Lists folders instead of checking every file, which is many times faster for a
 * folder with a hundred thousand files.
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
  // On some file systems a file is found although its name differs from the listing in case or Unicode form.
  const missing = new Set<string>();
  const confirm = (file: string) => access(file).catch(() => void missing.add(file));
  await limitedConcurrency(unlisted, 16, confirm, signal);
  return missing;
}

export interface ImageFindings {
  /** Reason why an image cannot be read, by file. */
  unreadable: Map<string, MessageText>;
  /** Width and height of readable images, by file. */
  sizes: Map<string, readonly [number, number]>;
  /** Images that viewers rotate by their EXIF orientation, which BLIP and this loader ignore. */
  turned: Set<string>;
}

interface ReadOptions {
  depth: 'decode' | 'header';
  verified: VerifiedImages;
  concurrency?: number;
  onImage?: (done: number, findings: ImageFindings) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Reads images as training will.
 * @param options.depth `decode` decodes the image and detects truncated files; `header` reads only the size
 * @param options.verified images that were verified before and are not read again unless they change
 * @param options.concurrency maximum number of images that are read at the same time
 * @param options.onImage called after each image with the number of images so far and all findings
 */
export async function readImages(
  images: readonly string[],
  { depth, verified, concurrency = imagesCheckedAtOnce(), onImage, signal }: ReadOptions,
): Promise<ImageFindings> {
  const findings: ImageFindings = { unreadable: new Map(), sizes: new Map(), turned: new Set() };
  let done = 0;
  const readImage = async (file: string) => {
    try {
      const known = await verified.find(file);
      const facts = known ?? (await inspectImage(file, depth));
      if (!known && depth === 'decode') await verified.add(file, facts);
      findings.sizes.set(file, [facts.width, facts.height]);
      if (facts.orientation !== 1) findings.turned.add(file);
    } catch (error) {
      findings.unreadable.set(file, error instanceof DataError ? error.reason : messageOf(error));
    }
    onImage?.(++done, findings);
  };
  await limitedConcurrency(images, concurrency, readImage, signal);
  return findings;
}
