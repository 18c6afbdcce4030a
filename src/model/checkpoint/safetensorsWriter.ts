/** Writes safetensors files atomically, with one tensor in memory at a time. */
import type { FileHandle } from 'node:fs/promises';
import { replaceFileAsync } from '../../util/atomicFile';
import { elementCount, elementSizes } from './elementTypes';
import type { ElementType } from './elementTypes';

/** Tensors in the order of the file, read one at a time. */
export type TensorValues = AsyncIterable<readonly [name: string, value: Float32Array]>;

/** Small tensors of other types, given as bytes. */
export type RawTensors = ReadonlyMap<
  string,
  {
    readonly shape: readonly number[];
    readonly type: ElementType;
    /** Little-endian. */
    readonly bytes: Uint8Array;
  }
>;

/**
 * Writes float32 tensors to `file`, atomically.
 * @param shapes shapes of the float32 tensors by name, in the order of the file.
 * @param values values of the same tensors, in the same order.
 * @param metadata metadata of the header; `{ format: 'pt' }` marks PyTorch's layouts.
 * @param raw tensors of other types, written before the others.
 * @throws {UserError} when the disk is full; an existing file is unchanged.
 */
export async function writeSafetensors(
  file: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  values: TensorValues,
  metadata: Readonly<Record<string, string>> = {},
  raw: RawTensors = new Map(),
): Promise<void> {
  await replaceFileAsync(file, async (handle) => {
    await handle.writeFile(header(shapes, metadata, raw));
    for (const { bytes } of raw.values()) await handle.writeFile(bytes);
    await writeValues(handle, shapes, values);
  });
}

/** The header: 64-bit length, JSON, and spaces up to a multiple of eight bytes, so that tensors are aligned. */
function header(
  shapes: ReadonlyMap<string, readonly number[]>,
  metadata: Readonly<Record<string, string>>,
  raw: RawTensors,
): Uint8Array {
  const table: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) table['__metadata__'] = metadata;
  let position = 0;
  const add = (name: string, dtype: ElementType, shape: readonly number[]): void => {
    const end = position + elementCount(shape) * elementSizes[dtype];
    table[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  };
  for (const [name, { type, shape }] of raw) add(name, type, shape);
  for (const [name, shape] of shapes) add(name, 'F32', shape);
  const json = Buffer.from(JSON.stringify(table));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}

async function writeValues(
  handle: FileHandle,
  shapes: ReadonlyMap<string, readonly number[]>,
  values: TensorValues,
): Promise<void> {
  const expected = shapes.entries();
  for await (const [name, value] of values) {
    checkNext(expected.next().value, name, value);
    await handle.writeFile(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  checkNext(expected.next().value, undefined, undefined);
}

/** Checks that values arrive in the order of the header, because they would otherwise be read as other tensors. */
export function checkNext(
  expected: readonly [string, readonly number[]] | undefined,
  name: string | undefined,
  value: Float32Array | undefined,
): void {
  const count = expected && elementCount(expected[1]);
  if (expected?.[0] === name && count === value?.length) return;
  throw new RangeError(
    `a checkpoint is written in order: expected ${expected ? `${expected[0]} (${count})` : 'no more'}, got ${name ?? 'no more'} (${value?.length ?? 0})`,
  );
}
