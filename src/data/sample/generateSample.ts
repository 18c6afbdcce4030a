/** Generates the sample data set: images, annotations, a configuration to train on it, and a README. */
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { assetPath } from '../../util/assets';
import { temporaryName } from '../../util/atomicFile';
import { diskError } from '../../util/diskError';
import { localize } from '../../util/localize';
import { errnoOf, UserError } from '../../util/userError';
import { KeyedRandom, Purpose } from '../random';
import { SceneRenderer } from './sceneRenderer';
import { readmeText } from './readme';
import {
  pairsPerSet,
  parts,
  sentenceSet,
  sentencesPerSet,
  type Part,
  type SentenceSet,
} from './sentenceSet';

export interface SampleOptions {
  /** The same seed generates identical files. Default 42. */
  seed?: number;
  /** Number of sets of each part; a set is 4 pairs with 4 sentences. Tests generate small samples. */
  sets?: Partial<Readonly<Record<Part, number>>>;
  /** Called while images are rendered. */
  onProgress?: (pictures: number, total: number) => void;
  signal?: AbortSignal;
}

export interface SampleSummary {
  /** Absolute path. */
  folder: string;
  pictures: number;
  examples: Readonly<Record<Part, number>>;
  /** False if the folder already had an `nlvr.yaml`, which was kept. */
  wroteConfiguration: boolean;
}

/** An annotation in BLIP's format with an NLVR2 identifier. */
interface Annotation {
  identifier: string;
  sentence: string;
  label: 'True' | 'False';
  images: [string, string];
  group: string;
}

const defaultSets: Readonly<Record<Part, number>> = {
  train: 1250,
  dev: 125,
  test1: 125,
  easy: 600,
};
/** Marks a folder as a sample, whose data can be replaced. */
const marker = 'sample.json';
const formatVersion = 1;
/** Entries that are replaced when a sample is generated again. Other files in the folder are the user's. */
const dataEntries = ['images', 'annotation', 'README.txt', marker] as const;
const configuration = 'nlvr.yaml';
const setsPerFolder = 50;
/** Number of sets whose images are encoded concurrently. */
const setsAtOnce = 4;

/**
 * Creates the sample data set in `folder`. Writes it to a temporary folder and then moves it, so that a failure or an abort
 * leaves no partial data. Replaces the data of an earlier sample and keeps its `nlvr.yaml`.
 * @throws {UserError} if the folder contains something else or cannot be written
 */
export async function generateSample(
  folder: string,
  options: SampleOptions = {},
): Promise<SampleSummary> {
  const target = resolve(folder);
  const existing = await inspect(target);
  const temporary = temporaryName(target);
  try {
    await mkdir(dirname(target), { recursive: true });
    await mkdir(temporary);
    const summary = await writeAll(temporary, options);
    options.signal?.throwIfAborted();
    const wroteConfiguration = !existing.includes(configuration);
    if (existing.length === 0) await moveNew(temporary, target);
    else await replaceData(temporary, target, wroteConfiguration);
    return { ...summary, folder: target, wroteConfiguration };
  } catch (error) {
    throw diskError(error, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Lists the entries of the folder; empty if it does not exist. */
async function inspect(folder: string): Promise<string[]> {
  let entries: string[];
  try {
    entries = await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error) === 'ENOTDIR')
      throw new UserError(localize('{0} is a file.', folder), {
        hint: localize('Specify a folder for the sample.'),
      });
    throw error;
  }
  if (entries.length > 0 && !entries.includes(marker))
    throw new UserError(
      localize('{0} is not empty and does not contain a sample data set.', folder),
      {
        hint: localize('Specify a new or empty folder, so that none of your files are replaced.'),
      },
    );
  return entries;
}

async function moveNew(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY') throw error;
    throw new UserError(
      localize('{0} is not empty: another program wrote to it while the sample was created.', to),
      {
        hint: localize('Specify a new or empty folder, so that none of your files are replaced.'),
        cause: error,
      },
    );
  }
}

async function replaceData(from: string, to: string, withConfiguration: boolean): Promise<void> {
  for (const entry of withConfiguration ? [...dataEntries, configuration] : dataEntries) {
    const old = join(from, `old-${entry}`);
    await rename(join(to, entry), old).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    await rename(join(from, entry), join(to, entry));
  }
}

async function writeAll(
  folder: string,
  { seed = 42, sets, onProgress, signal }: SampleOptions,
): Promise<Pick<SampleSummary, 'pictures' | 'examples'>> {
  const counts = { ...defaultSets, ...sets };
  const picturesPerSet = 2 * pairsPerSet;
  const total = parts.reduce((sum, part) => sum + counts[part] * picturesPerSet, 0);
  const renderer = await SceneRenderer.create();
  /** Renders and writes the images of a set. */
  const writeImages = (part: Part, index: number, { pairs }: SentenceSet): Promise<void>[] =>
    pairs.flatMap((pair, p) =>
      pair.map(async (scene, side) => {
        const random = new KeyedRandom({
          seed,
          purpose: Purpose.sample,
          epoch: parts.indexOf(part),
          index,
          image: 1 + 2 * p + side,
        });
        const file = join(folder, 'images', picturePath(part, index, p, side));
        await writeFile(file, await renderer.draw(scene, random));
      }),
    );
  let pictures = 0;
  // Images are encoded in other threads, while the next sets are generated in this one.
  let encoding: Promise<PromiseSettledResult<void>[]> = Promise.resolve([]);
  const finishImages = async (): Promise<void> => {
    const results = await encoding;
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    pictures += results.length;
    if (results.length > 0) onProgress?.(pictures, total);
  };
  try {
    await mkdir(join(folder, 'annotation'));
    for (const part of parts) {
      const annotations: Annotation[] = [];
      for (let first = 0; first < counts[part]; first += setsAtOnce) {
        signal?.throwIfAborted();
        const last = Math.min(first + setsAtOnce, counts[part]);
        const generated: [index: number, set: SentenceSet][] = [];
        for (let index = first; index < last; index++) {
          if (index % setsPerFolder === 0)
            await mkdir(join(folder, 'images', folderOf(part, index)), { recursive: true });
          const set = sentenceSet(seed, part, index);
          annotations.push(...annotationsOf(part, index, set));
          generated.push([index, set]);
        }
        await finishImages();
        encoding = Promise.allSettled(
          generated.flatMap(([index, set]) => writeImages(part, index, set)),
        );
      }
      await writeFile(join(folder, 'annotation', annotationFile[part]), toJson(annotations));
    }
    await finishImages();
  } finally {
    // After a failure too: no image may be written while the folder is removed.
    await encoding;
  }
  await writeFile(join(folder, 'README.txt'), readmeText(counts, seed));
  await writeFile(
    join(folder, configuration),
    await readFile(assetPath(join('..', 'configs', 'sample.yaml'))),
  );
  await writeFile(join(folder, marker), `${JSON.stringify({ version: formatVersion, seed })}\n`);
  const examples = (part: Part): number => counts[part] * pairsPerSet * sentencesPerSet;
  return {
    pictures,
    examples: {
      train: examples('train'),
      dev: examples('dev'),
      test1: examples('test1'),
      easy: examples('easy'),
    },
  };
}

/** Annotation files by part, in `annotation/`; all except the easy part have BLIP's names. */
const annotationFile: Readonly<Record<Part, string>> = {
  train: 'nlvr_train.json',
  dev: 'nlvr_dev.json',
  test1: 'nlvr_test.json',
  easy: 'nlvr_easy.json',
};

function folderOf(part: Part, index: number): string {
  return `${part}/${String(Math.floor(index / setsPerFolder)).padStart(2, '0')}`;
}

/** Relative to `images/`. */
function picturePath(part: Part, index: number, pair: number, side: number): string {
  return `${folderOf(part, index)}/${part}-${index}-${pair}-img${side}.png`;
}

function annotationsOf(
  part: Part,
  index: number,
  { statements, pairs }: SentenceSet,
): Annotation[] {
  return pairs.flatMap((pair, p) =>
    statements.map(({ kind, sentence, isTrueOf }, s) => ({
      identifier: `${part}-${index}-${p}-${s}`,
      sentence,
      label: isTrueOf(pair) ? ('True' as const) : ('False' as const),
      images: [picturePath(part, index, p, 0), picturePath(part, index, p, 1)] as [string, string],
      group: kind,
    })),
  );
}

/** Formats annotations as a JSON list with one annotation per line. */
function toJson(annotations: readonly Annotation[]): string {
  return `[\n${annotations.map((annotation) => JSON.stringify(annotation)).join(',\n')}\n]\n`;
}
