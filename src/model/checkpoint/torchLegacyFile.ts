/**
 * The layout of `torch.save` before PyTorch 1.6 (`_use_new_zipfile_serialization=False`): pickles one after
 * the other (magic number, protocol, system, object, storage keys), then the storages in that order, each
 * a count of elements (int64) and its bytes. torch/serialization.py, `_legacy_save`.
 */
import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { FileRange, unexpectedEnd } from './byteSource';
import type { CheckpointFile, StoredTensor } from './checkpointFile';
import { elementSizes } from './elementTypes';
import { localize } from '../../util/localize';
import { CheckpointFormatError, asUserError } from './formatError';
import { unpickle } from './pickle';
import type { PickleInput } from './pickle';
import { stateDict } from './stateDict';
import { TorchPickleHost } from './torchObjects';
import { readView } from './tensorView';

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/** Reads pickles from a file through a small buffer, and tracks the position after the last one. */
class FileInput implements PickleInput {
  private buffer: Uint8Array = new Uint8Array(0);
  private used = 0;
  private bufferStart = 0;

  constructor(
    private readonly fd: number,
    private readonly size: number,
  ) {}

  get position(): number {
    return this.bufferStart + this.used;
  }

  byte(): number {
    return this.bytes(1)[0] ?? 0;
  }

  bytes(length: number): Uint8Array {
    if (this.used + length > this.buffer.length) this.fill(length);
    const bytes = this.buffer.subarray(this.used, this.used + length);
    this.used += length;
    return bytes;
  }

  /** Skips bytes. @throws {CheckpointFormatError} when the file ends earlier. */
  skip(length: number): void {
    const next = this.position + length;
    if (next > this.size) throw unexpectedEnd();
    this.buffer = new Uint8Array(0);
    this.used = 0;
    this.bufferStart = next;
  }

  private fill(length: number): void {
    const start = this.position;
    if (start + length > this.size) throw unexpectedEnd();
    const next = new Uint8Array(Math.min(Math.max(length, 1 << 16), this.size - start));
    for (let done = 0; done < next.length;) {
      const count = readSync(this.fd, next, done, next.length - done, start + done);
      if (count === 0) throw unexpectedEnd();
      done += count;
    }
    this.buffer = next;
    this.bufferStart = start;
    this.used = 0;
  }
}

/** Opens a file of the legacy layout; `close` also closes `file`. */
export function openTorchLegacyFile(path: string, file: FileHandle, size: number): CheckpointFile {
  const input = new FileInput(file.fd, size);
  const host = new TorchPickleHost();
  if (unpickle(input, host) !== magicNumber)
    throw new CheckpointFormatError(
      localize('it is a Python pickle, but not one that torch.save wrote'),
      localize('Load it in Python and save it with torch.save.'),
    );
  const protocol = unpickle(input, host);
  if (protocol !== protocolVersion)
    throw new CheckpointFormatError(`its layout has another version than ${protocolVersion}`);
  const system = unpickle(input, host);
  if (system instanceof Map && system.get('little_endian') === false)
    throw new CheckpointFormatError(
      localize('it was written on a big-endian machine, which is not supported'),
      localize('Load it in Python on another machine and save it again.'),
    );
  const { tensors, notes } = stateDict(unpickle(input, host));
  const keys = unpickle(input, host);
  if (!Array.isArray(keys)) throw new CheckpointFormatError('its list of storages is missing');

  const storages = new Map<string, FileRange>();
  for (const key of keys as unknown[]) {
    const storage = typeof key === 'string' ? host.storages.get(key) : undefined;
    if (!storage) throw new CheckpointFormatError('its list of storages names an unknown one');
    const count = input.bytes(8);
    const elements = new DataView(count.buffer, count.byteOffset, 8).getBigInt64(0, true);
    if (elements !== BigInt(storage.elements))
      throw new CheckpointFormatError(
        `storage ${JSON.stringify(storage.key)} has ${elements} elements, its description says ${storage.elements}`,
      );
    storages.set(storage.key, new FileRange(file, input.position, storage.bytes));
    input.skip(storage.bytes);
  }
  const listed = new Map<string, StoredTensor>();
  for (const [name, { storage, view }] of tensors) {
    if (!storages.has(storage.key))
      throw new CheckpointFormatError(`the storage of ${name} is missing`);
    listed.set(name, { shape: view.shape, type: view.type });
  }
  return {
    path,
    format: 'pth',
    metadata: new Map(),
    tensors: listed,
    notes,
    async read(name) {
      const tensor = tensors.get(name);
      const range = tensor && storages.get(tensor.storage.key);
      if (!tensor || !range) throw new RangeError(`${path} has no tensor ${name}`);
      const start = tensor.storage.offset * elementSizes[tensor.storage.type];
      const source = new FileRange(file, range.start + start, tensor.storage.bytes);
      try {
        return await readView(tensor.view, source, name);
      } catch (error) {
        throw asUserError(error, path);
      }
    },
    close: () => file.close(),
  };
}
