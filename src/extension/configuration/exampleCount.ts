/** Counts the examples of an annotation file without parsing them, for the form and the data set view. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Config } from '../../config/definition';

const [quote, backslash] = [0x22, 0x5c];
const openBrackets = [0x5b, 0x7b];
const closeBrackets = [0x5d, 0x7d];
const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 9 && byte <= 13);

/** A line of NLVR (v1) expands to six examples: the six orders of its boxes. */
const NLVR1_EXAMPLES_PER_LINE = 6;
const CHUNK_BYTES = 65536;

/**
 * @returns the number of examples: elements of a JSON list, or lines that are not blank
 * @throws when the file cannot be read
 */
export async function countExamples(file: string, format: Config['ann_format']): Promise<number> {
  const counter = new ExampleCounter();
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }))
    counter.add(chunk as Buffer);
  return counter.examples(format);
}

/** Caches the counts of annotation files until they change. */
export class ExampleCounts {
  private readonly counts = new Map<string, { stamp: string; examples: number }>();

  /** @returns null when the file is missing or cannot be read */
  async of(file: string, format: Config['ann_format']): Promise<number | null> {
    try {
      const { size, mtimeMs } = await stat(file);
      const stamp = `${size} ${mtimeMs} ${format}`;
      const known = this.counts.get(file);
      if (known?.stamp === stamp) return known.examples;
      const examples = await countExamples(file, format);
      this.counts.set(file, { stamp, examples });
      return examples;
    } catch {
      return null;
    }
  }
}

class ExampleCounter {
  private start = '';
  private isList: boolean | undefined;
  private elements = 0;
  private lines = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private lineHasText = false;

  examples(format: Config['ann_format']): number {
    if (this.isList === true) return this.elements;
    const lines = this.lines + (this.lineHasText ? 1 : 0);
    const isNlvr1 =
      format === 'nlvr1' || (format === 'auto' && /"structured_rep"/.test(this.start));
    return isNlvr1 ? lines * NLVR1_EXAMPLES_PER_LINE : lines;
  }

  add(chunk: Buffer): void {
    if (this.start === '') this.start = chunk.toString('latin1', 0, CHUNK_BYTES);
    for (const byte of chunk) {
      if (this.isList === undefined) {
        // Skips a byte order mark.
        if (isSpace(byte) || byte >= 0x80) continue;
        this.isList = byte === openBrackets[0];
      }
      if (this.isList) this.addListByte(byte);
      else this.addLineByte(byte);
    }
  }

  private addLineByte(byte: number): void {
    if (byte === 0x0a) {
      if (this.lineHasText) this.lines++;
      this.lineHasText = false;
    } else if (!isSpace(byte)) this.lineHasText = true;
  }

  /** Elements are the objects and lists at depth one. */
  private addListByte(byte: number): void {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (byte === backslash) this.escaped = true;
      else if (byte === quote) this.inString = false;
    } else if (byte === quote) this.inString = true;
    else if (openBrackets.includes(byte)) {
      if (this.depth === 1) this.elements++;
      this.depth++;
    } else if (closeBrackets.includes(byte)) this.depth--;
  }
}
