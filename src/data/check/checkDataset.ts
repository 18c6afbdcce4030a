import { relative } from 'node:path';
import { loadDataset, type LoadOptions } from '../annotations/loadDataset';
import { storedMessage, localize, type MessageText } from '../../util/localize';
import { describeSimilarName, SimilarNames } from '../../util/similarNames';
import { DataError, describeElement } from '../dataError';
import type { Split } from '../split';
import type { Dataset, Example } from '../types';
import { checkContents } from './contents';
import { findMissing, readImages, type ImageFindings } from './images';
import { checkOverlap } from './overlap';
import { columnsOf, createProblem, type Case, type DataProblem } from './problem';
import { VerifiedImages } from './verifiedImages';

export interface CheckOptions {
  /** Base folder of the image paths; messages show paths relative to it. */
  imageRoot: string;
  maxWords: number;
  /** Whether missing images are an error (the default) or their examples are skipped. */
  missingImages?: 'fail' | 'skip';
  /**
   * How thoroughly images are checked: `exist` only lists folders, `header` reads sizes, `decode` decodes every image as
   * training will and so finds truncated files, `sample` decodes some images of every part of the data set.
   */
  images: 'exist' | 'header' | 'decode' | 'sample';
  /** Cache file of images that were decoded without errors (see `VerifiedImages`). */
  verifiedFile?: string;
  onProgress?: (progress: CheckProgress) => void;
  /** Aborts the check with the signal's reason. */
  signal?: AbortSignal;
}

export interface CheckProgress {
  phase: 'annotations' | 'images';
  done: number;
  total: number;
}

/** Counts of one split. Image sizes are 0 if no image was read. */
export interface SplitSummary {
  examples: number;
  true: number;
  false: number;
  unlabelled: number;
  /** Distinct sentences, pairs and images. */
  sentences: number;
  pairs: number;
  images: number;
  missingImages: number;
  unreadableImages: number;
  /** Images that viewers rotate by their EXIF orientation. */
  turnedImages: number;
  /** Sizes of the images with the fewest and the most pixels. */
  smallestWidth: number;
  smallestHeight: number;
  largestWidth: number;
  largestHeight: number;
}

export interface DataReport {
  /** Errors first, then warnings, then information; each in the order of the splits. */
  problems: DataProblem[];
  splits: Partial<Record<Split, SplitSummary>>;
  /** The data sets that could be read. */
  datasets: Dataset[];
  /** Images that exist and were not part of the `sample`. */
  unchecked: string[];
}

/** Number of images of a `sample`: takes seconds, even on a network disk. */
export const SAMPLE_IMAGES = 256;

/**
 * Reads and checks the splits of a configuration. Errors in the data become problems, never exceptions.
 * @param files absolute path of each split's annotation file
 */
export async function checkDataset(
  files: readonly { split: Split; file: string }[],
  options: CheckOptions & Pick<LoadOptions, 'format'>,
): Promise<DataReport> {
  const datasets: Dataset[] = [];
  const unread: DataProblem[] = [];
  for (const [done, { split, file }] of files.entries()) {
    options.signal?.throwIfAborted();
    options.onProgress?.({ phase: 'annotations', done, total: files.length });
    try {
      datasets.push(await loadDataset(file, split, options));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const { line, key, reason, span, identifier } = error;
      const where = span && describeElement(span, identifier);
      const what = key === undefined ? reason : localize('{0}: {1}', key, reason);
      unread.push({
        severity: 'error',
        code: 'annotation',
        ...storedMessage(where === undefined ? what : localize('{0}: {1}', where, what)),
        file: error.file,
        ...(line !== undefined && { line }),
        ...columnsOf(span ? { span } : {}),
        split,
        count: 1,
      });
    }
  }
  const report = await checkDatasets(datasets, options);
  return { ...report, problems: [...unread, ...report.problems] };
}

/** Checks data sets that are already loaded. */
async function checkDatasets(
  datasets: readonly Dataset[],
  options: CheckOptions,
): Promise<DataReport> {
  const images = new Set(datasets.flatMap(({ examples }) => examples.flatMap((e) => e.images)));
  const missing = await findMissing(images, options.signal);
  const present = [...images].filter((image) => !missing.has(image));
  const chosen = options.images === 'sample' ? sampleImages(present) : present;
  const findings = await inspectImages(chosen, options);
  const checked = new Set(chosen);
  const problems = [
    ...datasets.flatMap((dataset) => [
      ...checkContents(dataset, options.maxWords),
      ...checkImages(dataset, missing, findings, options),
    ]),
    ...checkOverlap(datasets),
  ];
  const rank = { error: 0, warning: 1, information: 2 };
  return {
    problems: problems.sort((a, b) => rank[a.severity] - rank[b.severity]),
    splits: Object.fromEntries(
      datasets.map((dataset) => [dataset.split, summarize(dataset, missing, findings)]),
    ),
    datasets: [...datasets],
    unchecked: present.filter((image) => !checked.has(image)),
  };
}

/** Selects images at equal distances, so that every part of a data set is represented. */
function sampleImages(images: readonly string[]): string[] {
  if (images.length <= SAMPLE_IMAGES) return [...images];
  return Array.from(
    { length: SAMPLE_IMAGES },
    (_, i) => images[Math.floor((i * images.length) / SAMPLE_IMAGES)],
  );
}

/**
 * Decodes the images that were not part of a `sample`, one at a time.
 * @param onFirst called with the problems when the first damaged image is found
 * @returns the problems; empty if all images can be read
 */
export async function checkRemainingImages(
  datasets: readonly Dataset[],
  images: readonly string[],
  {
    imageRoot,
    verifiedFile,
    signal,
    onFirst,
  }: Pick<CheckOptions, 'imageRoot' | 'verifiedFile' | 'signal'> & {
    onFirst?: (problems: DataProblem[]) => void;
  },
): Promise<DataProblem[]> {
  const verified = new VerifiedImages(verifiedFile);
  const problems = (findings: ImageFindings): DataProblem[] =>
    datasets.flatMap((dataset) => checkImages(dataset, new Set(), findings, { imageRoot }));
  let found = false;
  try {
    const findings = await readImages(images, {
      depth: 'decode',
      verified,
      concurrency: 1,
      signal,
      onImage: (_done, soFar) => {
        if (found || soFar.unreadable.size === 0) return;
        found = true;
        onFirst?.(problems(soFar));
      },
    });
    return problems(findings);
  } finally {
    verified.save();
  }
}

async function inspectImages(
  images: readonly string[],
  { images: depth, verifiedFile, onProgress, signal }: CheckOptions,
): Promise<ImageFindings> {
  if (depth === 'exist') return { unreadable: new Map(), sizes: new Map(), turned: new Set() };
  const verified = new VerifiedImages(verifiedFile);
  try {
    return await readImages(images, {
      depth: depth === 'header' ? 'header' : 'decode',
      verified,
      signal,
      onImage: (done) => onProgress?.({ phase: 'images', done, total: images.length }),
    });
  } finally {
    // Save the images that were verified before the check was stopped, too.
    verified.save();
  }
}

/** Maps the images of a split to the first example that shows them. */
function imagesOf({ examples }: Dataset): Map<string, Example> {
  const images = new Map<string, Example>();
  for (const example of examples)
    for (const image of example.images) if (!images.has(image)) images.set(image, example);
  return images;
}

function checkImages(
  dataset: Dataset,
  missing: ReadonlySet<string>,
  { unreadable, turned }: ImageFindings,
  { imageRoot, missingImages = 'fail' }: Pick<CheckOptions, 'imageRoot' | 'missingImages'>,
): DataProblem[] {
  const images = imagesOf(dataset);
  const absent: Case[] = [];
  const broken: Case[] = [];
  const rotated: Case[] = [];
  const similarNames = new SimilarNames();
  for (const [image, example] of images) {
    const name = relative(imageRoot, image);
    const reason = unreadable.get(image);
    if (missing.has(image)) {
      const near = similarNames.find(image);
      const meant = near && describeSimilarName(near, relative(imageRoot, near.path));
      absent.push({ example, name: meant ? localize('{0}: {1}', name, meant) : name });
    } else if (turned.has(image)) rotated.push({ example, name });
    else if (reason !== undefined)
      broken.push({ example, name: localize('{0}: {1}', name, reason) });
  }
  return [
    ...createProblem(
      dataset,
      missingImages === 'skip' ? 'warning' : 'error',
      'missing-image',
      absent,
      missingImages === 'skip'
        ? skippedMessage(dataset, missing, absent.length)
        : missingMessage(absent.length, images.size, imageRoot),
    ),
    ...createProblem(
      dataset,
      'error',
      'unreadable-image',
      broken,
      localize(
        broken.length === 1 ? '{0} image cannot be read' : '{0} images cannot be read',
        broken.length,
      ),
    ),
    ...createProblem(
      dataset,
      'warning',
      'turned-image',
      rotated,
      localize(
        images.size === 1
          ? '{0} of {1} image has an EXIF orientation, which is ignored as in BLIP: the model sees it turned'
          : rotated.length === 1
            ? '{0} of {1} images has an EXIF orientation, which is ignored as in BLIP: the model sees it turned'
            : '{0} of {1} images have an EXIF orientation, which is ignored as in BLIP: the model sees them turned',
        rotated.length,
        images.size,
      ),
    ),
  ];
}

/** The message about skipped examples. */
function skippedMessage(
  { examples, split }: Dataset,
  missing: ReadonlySet<string>,
  absent: number,
): MessageText {
  const skipped = examples.filter(({ images }) => images.some((image) => missing.has(image)));
  return localize(
    split === 'train'
      ? 'Skipped in {0} (missing_images: skip): {1} of {2} examples. Missing images: {3}'
      : 'Skipped in {0} (missing_images: skip): {1} of {2} examples. The results cover the rest. Missing images: {3}',
    split,
    skipped.length,
    examples.length,
    absent,
  );
}

function missingMessage(absent: number, images: number, imageRoot: string): MessageText {
  const message = localize(
    images === 1
      ? '{0} of {1} image is missing'
      : absent === 1
        ? '{0} of {1} images is missing'
        : '{0} of {1} images are missing',
    absent,
    images,
  );
  return absent === images
    ? localize('{0}; check image_root, which is {1}', message, imageRoot)
    : message;
}

function summarize(
  dataset: Dataset,
  missing: ReadonlySet<string>,
  { unreadable, sizes, turned }: ImageFindings,
): SplitSummary {
  const { examples } = dataset;
  const images = [...imagesOf(dataset).keys()];
  const known = images.flatMap((image) => {
    const size = sizes.get(image);
    return size ? [size] : [];
  });
  const countLabel = (label: boolean | null) => examples.filter((e) => e.label === label).length;
  const pixels = ([width, height]: readonly [number, number]): number => width * height;
  let smallest = known[0] ?? [0, 0];
  let largest = smallest;
  for (const size of known) {
    if (pixels(size) < pixels(smallest)) smallest = size;
    if (pixels(size) > pixels(largest)) largest = size;
  }
  return {
    examples: examples.length,
    true: countLabel(true),
    false: countLabel(false),
    unlabelled: countLabel(null),
    sentences: new Set(examples.map(({ sentence }) => sentence)).size,
    pairs: new Set(examples.map(({ images: pair }) => pair.join('\0'))).size,
    images: images.length,
    missingImages: images.filter((image) => missing.has(image)).length,
    unreadableImages: images.filter((image) => unreadable.has(image)).length,
    turnedImages: images.filter((image) => turned.has(image)).length,
    smallestWidth: smallest[0],
    smallestHeight: smallest[1],
    largestWidth: largest[0],
    largestHeight: largest[1],
  };
}
