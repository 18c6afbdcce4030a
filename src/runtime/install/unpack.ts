/** Hashes wheels and extracts files from them. A wheel is a zip archive. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { InstallError } from '../errors';
import { localize } from '../../util/localize';

/** SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}

/**
 * Extracts the entries whose names match `take`.
 *
 * @param onBytes called with the number of bytes written since the last call
 * @returns names of the extracted entries
 * @throws InstallError when the file is damaged
 */
export async function unpack(
  file: string,
  take: RegExp,
  folder: string,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<string[]> {
  const open = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open);
  const taken: string[] = [];
  try {
    const zip = await open(file, { lazyEntries: true, autoClose: false });
    try {
      for await (const entry of entriesOf(zip)) {
        if (!take.test(entry.fileName)) continue;
        const target = join(folder, entry.fileName);
        await mkdir(dirname(target), { recursive: true });
        const input = await streamOf(zip, entry);
        input.on('data', (chunk: Buffer) => onBytes(chunk.length));
        const mode = entry.fileName.includes('/bin/') ? 0o755 : 0o644;
        await pipeline(input, createWriteStream(target, { mode }), { signal });
        taken.push(entry.fileName);
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    if (signal?.aborted || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    throw new InstallError(
      localize(
        '{0} cannot be unpacked: {1}',
        file,
        error instanceof Error ? error.message : String(error),
      ),
      { cause: error },
    );
  }
  return taken;
}

async function* entriesOf(zip: yauzl.ZipFile): AsyncGenerator<yauzl.Entry, void, undefined> {
  for (let i = 0; i < zip.entryCount; i++) {
    zip.readEntry();
    // Rejects on the archive's 'error' event.
    const [entry] = (await once(zip, 'entry')) as [yauzl.Entry];
    yield entry;
  }
}

function streamOf(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error);
      else resolve(stream);
    });
  });
}
