/** Converts heat maps of `nlvr predict --serve` to what the panel shows. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectImage } from '../../data/image/decode';
import { orient } from '../../data/image/orient';
import type { Explained as Shown, ExplainChoice } from '../../webview/failures/messages';

/** The field `explain` of a request to `nlvr predict --serve`. */
export interface ExplainRequest {
  word?: number;
  layer?: number;
  head?: number | null;
  method?: ExplainChoice['method'];
  answer?: boolean;
  /** Absolute path of a PNG file to write. */
  save?: string;
  fade?: number;
}

/** A heat map in the orientation of the stored images. */
export type Explained = Shown;

export function toRequest({ word, layer, head, method, answer }: ExplainChoice): ExplainRequest {
  return {
    word,
    head,
    method,
    ...(layer !== null && { layer }),
    ...(answer !== null && { answer }),
  };
}

type Fields = Omit<Explained, 'prediction' | 'probTrue' | 'milliseconds'>;

/** Parses the field `explained` of a response; undefined when it has another form. */
export function parseExplained(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { answer, words, word, layer, layers, heads, grid, left, right, empty } =
    value as Partial<Fields>;
  const cells = Number(grid) ** 2;
  const isMap = (map: unknown): boolean =>
    Array.isArray(map) && map.length === cells && map.every((each) => typeof each === 'number');
  if (
    typeof answer !== 'boolean' ||
    typeof word !== 'number' ||
    typeof layer !== 'number' ||
    typeof layers !== 'number' ||
    typeof heads !== 'number' ||
    typeof grid !== 'number' ||
    !Array.isArray(words) ||
    !isMap(left) ||
    !isMap(right)
  )
    return undefined;
  return {
    ...{ answer, words, word, layer, layers, heads, grid },
    ...{ left: left ?? [], right: right ?? [], empty: empty === true },
  };
}

/** Rotates the maps as a browser rotates the images by their EXIF orientation, which the model ignores. */
export async function withOrientation(
  explained: Explained,
  { left, right }: { left: string; right: string },
): Promise<Explained> {
  const turned = async (map: number[], image: string): Promise<number[]> => {
    const { orientation } = await inspectImage(image, 'header');
    return rotateMap(map, explained.grid, orientation);
  };
  return {
    ...explained,
    left: await turned(explained.left, left),
    right: await turned(explained.right, right),
  };
}

/** Rotates a square map by an EXIF orientation, 1 to 8. */
export function rotateMap(map: readonly number[], grid: number, orientation: number): number[] {
  // Encodes the indexes of the cells as colors, to reuse the rotation of images.
  const data = Uint8Array.from(map.flatMap((_, i) => [i >> 16, (i >> 8) & 255, i & 255]));
  const { data: turned } = orient({ data, width: grid, height: grid }, orientation);
  return map.map(
    (_, i) => map[(turned[3 * i] << 16) | (turned[3 * i + 1] << 8) | turned[3 * i + 2]],
  );
}

/** Reads the bytes of a picture that `write` writes to a temporary file. */
export async function readPicture(write: (file: string) => Promise<unknown>): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'nlvr-where-'));
  try {
    const file = join(folder, 'picture.png');
    await write(file);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
