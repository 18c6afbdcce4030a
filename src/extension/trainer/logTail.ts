import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { RunFolder } from '../../run/runFolder';

const MOST_BYTES = 64 * 1024;

/** What is added to a run folder's `trainer.log` from now on: what is there already was said by others. */
export class LogTail {
  private readonly file: string;
  private offset: number;
  private rest = '';

  constructor(folder: string) {
    this.file = new RunFolder(folder).trainerLog;
    this.offset = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The whole lines since the last call; of a very long text only the last ones. None when it cannot be read. */
  async lines(): Promise<string[]> {
    const text = await this.added().catch(() => '');
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    return lines;
  }

  private async added(): Promise<string> {
    const handle = await open(this.file, 'r');
    try {
      const { size } = await handle.stat();
      const start = Math.max(this.offset, size - MOST_BYTES);
      const buffer = Buffer.alloc(Math.max(0, size - start));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
      this.offset = start + bytesRead;
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  }
}
