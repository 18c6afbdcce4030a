/** Writes `.pth` files for `torch.load(weights_only=True)`, with one tensor in memory at a time. */
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { replaceFileAsync } from '../../util/atomicFile';
import { elementCount } from './elementTypes';
import { checkNext } from './safetensorsWriter';
import type { RawTensors, TensorValues } from './safetensorsWriter';
import { pickleStateDict } from './torchPickleWriter';
import type { PickledTensor } from './torchPickleWriter';

/** Name of the archive's folder; PyTorch names it after the file, and reads any name. */
const FOLDER = 'archive';
/** Constant, so that equal weights make equal files; in local time, as in zip archives. */
const mtime = new Date(1980, 0, 1, 12);
const stored = { compress: false, mtime, forceDosTimestamp: true } as const;

/**
 * Writes `{'model': OrderedDict(…)}`, atomically.
 * @param shapes shapes of all tensors by name, in the order of the state dict.
 * @param values values of the tensors that are not in `raw`, in the same order.
 * @param raw the int64 tensors.
 * @throws {UserError} when the disk is full; an existing file is unchanged.
 */
export async function writeTorchFile(
  file: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  values: TensorValues,
  raw: RawTensors = new Map(),
): Promise<void> {
  await replaceFileAsync(file, (handle) => writeArchive(handle, shapes, values, raw));
}

async function writeArchive(
  handle: FileHandle,
  shapes: ReadonlyMap<string, readonly number[]>,
  values: TensorValues,
  raw: RawTensors,
): Promise<void> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  const add = (name: string, content: string | Uint8Array): void =>
    zip.addBuffer(Buffer.from(content), `${FOLDER}/${name}`, stored);
  const table = new Map<string, PickledTensor>();
  for (const [name, shape] of shapes)
    table.set(name, { key: `${table.size}`, shape, type: raw.has(name) ? 'I64' : 'F32' });
  add('data.pkl', pickleStateDict(table));
  add('byteorder', 'little');
  const iterator = values[Symbol.asyncIterator]();
  for (const [name, { key, shape }] of table) {
    const constant = raw.get(name);
    if (constant) add(`data/${key}`, constant.bytes);
    else
      zip.addReadStreamLazy(
        `${FOLDER}/data/${key}`,
        { ...stored, size: 4 * elementCount(shape) },
        // Called when the archive reaches this record.
        (callback) => {
          nextValue(iterator, name, shape).then(
            (bytes) => callback(null, Readable.from([bytes])),
            (error: unknown) => callback(error, Readable.from([])),
          );
        },
      );
  }
  add('version', '3\n');
  zip.end();
  for await (const chunk of output) await handle.writeFile(chunk as Buffer);
  checkNext(undefined, ...(await nextEntry(iterator)));
}

type ValueIterator = AsyncIterator<readonly [string, Float32Array]>;

async function nextEntry(
  iterator: ValueIterator,
): Promise<[name: string | undefined, value: Float32Array | undefined]> {
  const result = await iterator.next();
  return result.done ? [undefined, undefined] : [...result.value];
}

async function nextValue(
  iterator: ValueIterator,
  name: string,
  shape: readonly number[],
): Promise<Uint8Array> {
  const [got, value] = await nextEntry(iterator);
  checkNext([name, shape], got, value);
  return value ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(0);
}
