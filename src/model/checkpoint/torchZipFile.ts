/**
 * The layout of `torch.save` since PyTorch 1.6: a zip archive `<name>/{data.pkl, byteorder, data/0, data/1, …}`.
 * Storages are read in place (stored entries, as torch writes them) or inflated (archives repacked by other programs). yauzl
 * reads the directory, including zip64.
 */
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { RandomAccessReader, fromRandomAccessReaderPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { localize } from '../../util/localize';
import { BufferSource, FileRange } from './byteSource';
import type { ByteSource } from './byteSource';
import type { CheckpointFile, StoredTensor } from './checkpointFile';
import { foreignArchive } from './foreignContent';
import { CheckpointFormatError, asUserError, saveWeightsHint } from './formatError';
import { BufferInput, unpickle } from './pickle';
import { stateDict, type StateDict } from './stateDict';
import { TorchPickleHost } from './torchObjects';
import { readView } from './tensorView';

/** A pickle has about 200 bytes per tensor. */
const MAX_PICKLE_BYTES = 64 << 20;
const CHUNK_BYTES = 1 << 18;
const MAX_ENTRIES = 200_000;
/** The maximum compression ratio of Deflate is 1032:1; an entry with a larger ratio has a false size. */
const MAX_DEFLATE_RATIO = 1032;

/** `zlib.crc32` was added in Node 20.15; earlier versions do not check records. */
const crc32: typeof zlib.crc32 | undefined = zlib.crc32;

/** A stored entry, read in place. Its checksum is checked when it is read sequentially to the end. */
class StoredEntry implements ByteSource {
  private next = 0;
  private sum = 0;

  constructor(
    private readonly range: FileRange,
    private readonly entry: Entry,
  ) {}

  get size(): number {
    return this.range.size;
  }

  async read(position: number, target: Uint8Array): Promise<void> {
    await this.range.read(position, target);
    // The checksum is 0 with torch.serialization.set_crc32_options(False).
    if (!crc32 || this.entry.crc32 === 0 || position !== this.next) return;
    this.sum = crc32(target, this.sum);
    this.next += target.length;
    if (this.next === this.size && this.sum !== this.entry.crc32)
      throw new CheckpointFormatError(`record ${this.entry.fileName} is damaged (checksum)`);
  }
}

/**
 * Reader for yauzl. yauzl's own reader throws outside of the callback when a damaged archive has an invalid position; this one
 * passes an error to the callback.
 */
class CheckedReader extends RandomAccessReader {
  constructor(private readonly range: FileRange) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.range.read(position, buffer.subarray(offset, offset + length)).then(
      () => callback(null),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.chunks(start, end));
  }

  private async *chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end; position += CHUNK_BYTES) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, end - position));
      await this.range.read(position, chunk);
      yield chunk;
    }
  }

  override close(callback: (error: Error | null) => void): void {
    // The file handle belongs to the checkpoint.
    callback(null);
  }
}

class Archive {
  private constructor(
    private readonly zip: ZipFile,
    private readonly file: FileHandle,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  static async open(file: FileHandle): Promise<Archive> {
    const { size } = await file.stat();
    const reader = new CheckedReader(new FileRange(file, 0, size));
    const zip = await fromRandomAccessReaderPromise(reader, size, {
      lazyEntries: true,
      autoClose: false,
    });
    if (zip.entryCount > MAX_ENTRIES)
      throw new CheckpointFormatError(`its archive lists ${zip.entryCount} records`);
    const entries = new Map<string, Entry>();
    let twice: string | undefined;
    for await (const entry of zip.eachEntry()) {
      // The first folder is named after the file when it was saved.
      const name = entry.fileName.slice(entry.fileName.indexOf('/') + 1);
      if (entries.has(name)) twice ??= entry.fileName;
      if (!entry.fileName.endsWith('/')) entries.set(name, entry);
    }
    if (twice !== undefined && entries.has('data.pkl'))
      throw new CheckpointFormatError(`record ${twice} occurs twice`);
    return new Archive(zip, file, entries);
  }

  /** Names of all entries in the archive. */
  get names(): string[] {
    return [...this.entries.values()].map(({ fileName }) => fileName);
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  size(name: string): number | undefined {
    return this.entries.get(name)?.uncompressedSize;
  }

  async source(name: string): Promise<ByteSource> {
    const entry = this.entries.get(name);
    if (!entry) throw new CheckpointFormatError(`record ${name} is missing`);
    if (!entry.canDecodeFileData())
      throw new CheckpointFormatError(
        localize('record {0} is encrypted or packed in an unusual way', name),
        localize(
          'Unpack the archive and pack it again without a password, or save the weights again.',
        ),
      );
    if (!entry.isCompressed()) {
      if (entry.compressedSize !== entry.uncompressedSize)
        throw new CheckpointFormatError(`record ${name} has two sizes`);
      const { fileDataStart } = await this.zip.readLocalFileHeaderPromise(entry, { minimal: true });
      return new StoredEntry(new FileRange(this.file, fileDataStart, entry.compressedSize), entry);
    }
    if (entry.uncompressedSize > entry.compressedSize * MAX_DEFLATE_RATIO + MAX_DEFLATE_RATIO)
      throw new CheckpointFormatError(`record ${name} claims an impossible size`);
    const chunks: Buffer[] = [];
    // yauzl ends the stream with an error when it is longer than the size of the entry.
    for await (const chunk of await this.zip.openReadStreamPromise(entry))
      chunks.push(chunk as Buffer);
    return new BufferSource(Buffer.concat(chunks));
  }

  async bytes(name: string, limit: number): Promise<Uint8Array> {
    const size = this.size(name) ?? 0;
    if (size > limit) throw new CheckpointFormatError(`record ${name} has ${size} bytes`);
    const source = await this.source(name);
    const bytes = new Uint8Array(source.size);
    await source.read(0, bytes);
    return bytes;
  }
}

/** Converts errors of zlib and yauzl, which are about the content of the file. */
function asFormatError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CheckpointFormatError) return error;
  if ('syscall' in error) return error;
  return new CheckpointFormatError(`its zip archive is damaged or cut off (${error.message})`);
}

async function readTable(archive: Archive): Promise<StateDict> {
  if (archive.has('constants.pkl'))
    throw new CheckpointFormatError(
      localize('it is a TorchScript program, not a state dict'),
      saveWeightsHint,
    );
  if (!archive.has('data.pkl')) throw foreignArchive(archive.names);
  if (archive.has('byteorder')) {
    const order = Buffer.from(await archive.bytes('byteorder', 64)).toString('latin1');
    if (order !== 'little')
      throw new CheckpointFormatError(
        localize('it was written on a big-endian machine, which is not supported'),
        localize('Load it in Python on another machine and save it again.'),
      );
  }
  const pickle = await archive.bytes('data.pkl', MAX_PICKLE_BYTES);
  const found = stateDict(unpickle(new BufferInput(pickle), new TorchPickleHost()));
  for (const [name, { storage }] of found.tensors) {
    const size = archive.size(`data/${storage.key}`);
    if (size === undefined) throw new CheckpointFormatError(`the storage of ${name} is missing`);
    if (size < storage.bytes)
      throw new CheckpointFormatError(
        `the storage of ${name} has ${size} bytes, its description says ${storage.bytes}`,
      );
  }
  return found;
}

/** Opens a file of the zip layout; `close` also closes `file`. */
export async function openTorchZipFile(path: string, file: FileHandle): Promise<CheckpointFile> {
  try {
    const archive = await Archive.open(file);
    const { tensors, notes } = await readTable(archive);
    const listed = new Map<string, StoredTensor>();
    for (const [name, { view }] of tensors)
      listed.set(name, { shape: view.shape, type: view.type });
    return {
      path,
      format: 'pth',
      metadata: new Map(),
      tensors: listed,
      notes,
      async read(name) {
        const tensor = tensors.get(name);
        if (!tensor) throw new RangeError(`${path} has no tensor ${name}`);
        try {
          return await readView(
            tensor.view,
            await archive.source(`data/${tensor.storage.key}`),
            name,
          );
        } catch (error) {
          throw asUserError(asFormatError(error), path);
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    throw asFormatError(error);
  }
}
