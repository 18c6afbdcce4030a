import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Prediction } from '../../run/predictions';
import { EventLoopYielder } from '../../util/yieldToEventLoop';

/** Maximum distance from a sentence to the rest of its annotation, in characters. */
const MAX_DISTANCE = 2000;
/** Bytes searched at a time: about a millisecond. */
const CHUNK_BYTES = 1 << 18;

/** A position in a text, 1-based. The column is that of the annotation's brace if it is on the same line, else 1. */
export interface AnnotationPosition {
  line: number;
  column: number;
}

/**
 * Finds an example in its annotation file: by its identifier (NLVR2; NLVR without the order), else by its
 * sentence with the name of its left image. The file may be long, and all on one line: it is read in chunks, and yields
 * to the event loop between them.
 * @returns null when the file does not contain the example.
 * @throws errors of the file system.
 */
export async function findAnnotation(
  file: string,
  example: Prediction,
): Promise<AnnotationPosition | null> {
  const search = new AnnotationSearch(example);
  const yielder = new EventLoopYielder();
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: CHUNK_BYTES });
  for await (const chunk of stream as AsyncIterable<string>) {
    search.add(chunk);
    if (search.certain) break;
    await yielder.yieldIfDue();
  }
  search.end();
  return search.place;
}

/** A search in a text that arrives in chunks. */
class AnnotationSearch {
  /** The chunk being searched, with its surroundings. */
  private text = '';
  /** End of the searched part of `text`. */
  private done = 0;
  /** Line on which `text` begins. */
  private firstLine = 1;
  /** Column at which `text` begins. */
  private firstColumn = 1;
  private readonly identifiers: Needle[];
  private readonly sentence: Needle;
  /** The possible ends of the left image's path in JSON. */
  private readonly images: readonly string[];
  private readonly repeated: number;

  constructor({ identifier, sentence, images }: Prediction) {
    const nlvr1 = /^(\d+-\d+)-[0-5]$/.exec(identifier)?.[1];
    const names = nlvr1 === undefined ? [identifier] : [nlvr1, identifier];
    this.identifiers = names.map((name) => new Needle(name));
    this.sentence = new Needle(sentence);
    const image = JSON.stringify(basename(images[0])).slice(1);
    this.images = ['"', '/', '\\'].map((before) => `${before}${image}`);
    // `#k` is the k-th sentence about the same pair; the same sentence may occur several times, in order.
    this.repeated = Number(/#(\d+)$/.exec(identifier)?.[1] ?? 0);
  }

  /** Whether the rest of the text cannot change the result. */
  get certain(): boolean {
    return (this.identifiers[0]?.places.length ?? 0) > 0;
  }

  get place(): AnnotationPosition | null {
    for (const { places } of this.identifiers) if (places[0] !== undefined) return places[0];
    const { places } = this.sentence;
    return places[Math.min(this.repeated, places.length - 1)] ?? null;
  }

  add(chunk: string): void {
    this.text += chunk;
    // Matches near the end are checked when the text after them has been read.
    const margin = MAX_DISTANCE + Math.max(...this.needles.map(({ written }) => written.length));
    this.searchUntil(this.text.length - margin);
    this.discard(this.done - margin);
  }

  end(): void {
    this.searchUntil(this.text.length);
  }

  private get needles(): readonly Needle[] {
    return [...this.identifiers, this.sentence];
  }

  private searchUntil(end: number): void {
    if (end <= this.done) return;
    for (const needle of this.identifiers)
      this.find(needle, end, (at) => /"identifier"\s*:\s*$/.test(this.before(at)));
    this.find(this.sentence, end, (at) => {
      const annotation = this.around(at);
      return this.images.some((image) => annotation.includes(image));
    });
    this.done = end;
  }

  /** Collects the positions of a needle before `end`. */
  private find({ written, places }: Needle, end: number, isIt: (at: number) => boolean): void {
    const { text } = this;
    for (
      let at = text.indexOf(written, this.done);
      at >= 0 && at < end;
      at = text.indexOf(written, at + 1)
    )
      if (isIt(at)) places.push(this.placeOf(at));
  }

  private placeOf(at: number): AnnotationPosition {
    const brace = this.text.lastIndexOf('{', at);
    const newline = this.text.lastIndexOf('\n', at);
    const column = newline < 0 ? this.firstColumn + brace : brace - newline;
    return {
      line: this.firstLine + countNewlines(this.text, at),
      column: brace > newline ? column : 1,
    };
  }

  private before(at: number): string {
    return this.text.slice(Math.max(0, at - 100), at);
  }

  /** The text of the annotation that contains a sentence, at most `MAX_DISTANCE` characters around it. */
  private around(at: number): string {
    const start = Math.max(this.text.lastIndexOf('{', at), at - MAX_DISTANCE);
    const after = at + this.sentence.written.length;
    const end = this.text.indexOf('}', after);
    const far = after + MAX_DISTANCE;
    return this.text.slice(Math.max(0, start), end < 0 ? far : Math.min(end, far));
  }

  private discard(before: number): void {
    if (before <= 0) return;
    this.firstLine += countNewlines(this.text, before);
    const newline = this.text.lastIndexOf('\n', before - 1);
    this.firstColumn = newline < 0 ? this.firstColumn + before : before - newline;
    this.text = this.text.slice(before);
    this.done -= before;
  }
}

/** A string to find, in JSON notation, and the positions where it was found. */
class Needle {
  readonly written: string;
  readonly places: AnnotationPosition[] = [];

  constructor(value: string) {
    this.written = JSON.stringify(value);
  }
}

/** Counts the newlines before an offset. */
function countNewlines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
