import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Prediction } from '../../run/predictions';
import { EventLoopYielder } from '../../util/yieldToEventLoop';

/** How far from a sentence the rest of its annotation is looked for, in characters. */
const NEAR = 2000;
/** Text looked through at a time, in bytes: a millisecond or so. */
const CHUNK = 1 << 18;

/** A place in a text, 1-based; the column is that of the annotation's brace, where this is on the same line. */
export interface AnnotationPlace {
  line: number;
  column: number;
}

/**
 * Finds an example in its annotation file: by its identifier (NLVR2; NLVR without the order), else by its
 * sentence with the name of its left image. The file may be long, and all on one line: it is read in pieces,
 * with turns for others in between.
 * @returns null when it is not there.
 * @throws what the file system says.
 */
export async function findAnnotation(
  file: string,
  example: Prediction,
): Promise<AnnotationPlace | null> {
  const search = new Search(example);
  const breather = new EventLoopYielder();
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: CHUNK });
  for await (const chunk of stream as AsyncIterable<string>) {
    search.add(chunk);
    if (search.certain) break;
    await breather.yieldIfDue();
  }
  search.end();
  return search.place;
}

/** One look through a text that comes in pieces. */
class Search {
  /** The piece being searched, with what is around it. */
  private text = '';
  /** Up to here it has been looked through. */
  private done = 0;
  /** Line on which `text` begins. */
  private firstLine = 1;
  /** Column at which `text` begins. */
  private firstColumn = 1;
  private readonly identifiers: Needle[];
  private readonly sentence: Needle;
  /** Ends of the left image's path as JSON may write it. */
  private readonly images: readonly string[];
  private readonly repeated: number;

  constructor({ identifier, sentence, images }: Prediction) {
    const nlvr1 = /^(\d+-\d+)-[0-5]$/.exec(identifier)?.[1];
    const names = nlvr1 === undefined ? [identifier] : [nlvr1, identifier];
    this.identifiers = names.map((name) => new Needle(name));
    this.sentence = new Needle(sentence);
    const image = JSON.stringify(basename(images[0])).slice(1);
    this.images = ['"', '/', '\\'].map((before) => `${before}${image}`);
    // `#k` is the k-th sentence about the same pair; the same sentence twice is rare, and then in order.
    this.repeated = Number(/#(\d+)$/.exec(identifier)?.[1] ?? 0);
  }

  /** Whether what was found is what would be found in the whole text. */
  get certain(): boolean {
    return (this.identifiers[0]?.places.length ?? 0) > 0;
  }

  get place(): AnnotationPlace | null {
    for (const { places } of this.identifiers) if (places[0] !== undefined) return places[0];
    const { places } = this.sentence;
    return places[Math.min(this.repeated, places.length - 1)] ?? null;
  }

  add(chunk: string): void {
    this.text += chunk;
    // Matches near the end are checked once what follows them has been read, too.
    const margin = NEAR + Math.max(...this.needles.map(({ written }) => written.length));
    this.lookUntil(this.text.length - margin);
    this.forget(this.done - margin);
  }

  end(): void {
    this.lookUntil(this.text.length);
  }

  private get needles(): readonly Needle[] {
    return [...this.identifiers, this.sentence];
  }

  private lookUntil(end: number): void {
    if (end <= this.done) return;
    for (const needle of this.identifiers)
      this.find(needle, end, (at) => /"identifier"\s*:\s*$/.test(this.before(at)));
    this.find(this.sentence, end, (at) => {
      const annotation = this.around(at);
      return this.images.some((image) => annotation.includes(image));
    });
    this.done = end;
  }

  /** Notes the places where a needle begins before `end`. */
  private find({ written, places }: Needle, end: number, isIt: (at: number) => boolean): void {
    const { text } = this;
    for (
      let at = text.indexOf(written, this.done);
      at >= 0 && at < end;
      at = text.indexOf(written, at + 1)
    )
      if (isIt(at)) places.push(this.placeOf(at));
  }

  private placeOf(at: number): AnnotationPlace {
    const brace = this.text.lastIndexOf('{', at);
    const newline = this.text.lastIndexOf('\n', at);
    const column = newline < 0 ? this.firstColumn + brace : brace - newline;
    return {
      line: this.firstLine + newlines(this.text, at),
      column: brace > newline ? column : 1,
    };
  }

  private before(at: number): string {
    return this.text.slice(Math.max(0, at - 100), at);
  }

  /** The annotation that contains a sentence, if it is near. */
  private around(at: number): string {
    const start = Math.max(this.text.lastIndexOf('{', at), at - NEAR);
    const behind = at + this.sentence.written.length;
    const end = this.text.indexOf('}', behind);
    const far = behind + NEAR;
    return this.text.slice(Math.max(0, start), end < 0 ? far : Math.min(end, far));
  }

  private forget(before: number): void {
    if (before <= 0) return;
    this.firstLine += newlines(this.text, before);
    const newline = this.text.lastIndexOf('\n', before - 1);
    this.firstColumn = newline < 0 ? this.firstColumn + before : before - newline;
    this.text = this.text.slice(before);
    this.done -= before;
  }
}

/** A string of the annotations as JSON writes it, and where it was found. */
class Needle {
  readonly written: string;
  readonly places: AnnotationPlace[] = [];

  constructor(value: string) {
    this.written = JSON.stringify(value);
  }
}

/** Newlines before a place. */
function newlines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
