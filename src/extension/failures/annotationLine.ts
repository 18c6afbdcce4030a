import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Prediction } from '../../run/predictions';

/** How far from a sentence the rest of its annotation is looked for, in characters. */
const NEAR = 2000;

/**
 * Finds an example in its annotation file: by its identifier (NLVR2; NLVR without the order), else by its
 * sentence beside the name of its left image.
 * @returns the 1-based line, null when it is not there.
 * @throws what the file system says.
 */
export async function findAnnotationLine(
  file: string,
  example: Prediction,
): Promise<number | null> {
  const text = await readFile(file, 'utf8');
  const offset = findByIdentifier(text, example.identifier) ?? findBySentence(text, example);
  if (offset === null) return null;
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1))
    line += 1;
  return line;
}

function findByIdentifier(text: string, identifier: string): number | null {
  const nlvr1 = /^(\d+-\d+)-[0-5]$/.exec(identifier)?.[1];
  for (const name of nlvr1 === undefined ? [identifier] : [nlvr1, identifier]) {
    const at = new RegExp(`"identifier"\\s*:\\s*${escapeRegExp(JSON.stringify(name))}`).exec(text);
    if (at) return at.index;
  }
  return null;
}

function findBySentence(text: string, { sentence, images, identifier }: Prediction): number | null {
  const written = JSON.stringify(sentence);
  const left = JSON.stringify(basename(images[0])).slice(1, -1);
  const places: number[] = [];
  for (let at = text.indexOf(written); at >= 0; at = text.indexOf(written, at + 1)) {
    const start = Math.max(text.lastIndexOf('{', at), at - NEAR);
    const end = text.indexOf('}', at + written.length);
    if (text.slice(start, end < 0 ? at + NEAR : Math.min(end, at + NEAR)).includes(left))
      places.push(at);
  }
  // `#k` is the k-th sentence about the same pair; the same sentence twice is rare, and then in order.
  const repeated = Number(/#(\d+)$/.exec(identifier)?.[1] ?? 0);
  return places[Math.min(repeated, places.length - 1)] ?? null;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
