/**
 * Safetensors: eight bytes with the header's length, a JSON header `{name: {dtype, shape, data_offsets}}`,
 * then the tensors. https://huggingface.co/docs/safetensors (format), checked as the reference does:
 * offsets in range, without gaps or overlaps, sizes that match the shapes.
 */
import type { FileHandle } from 'node:fs/promises';
import { FileRange } from './byteSource';
import type { CheckpointFile, StoredTensor } from './checkpointFile';
import { elementCount, elementSizes, isElementType, mostDimensions } from './elementTypes';
import { CheckpointFormatError, describe, unreadableType } from './formatError';
import { contiguousStrides, readView } from './tensorView';

/** The reference's own limit. */
const largestHeader = 100_000_000;

interface Placed extends StoredTensor {
  readonly start: number;
  readonly end: number;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function placed(name: string, value: unknown): Placed {
  const wrong = (what: string): CheckpointFormatError =>
    new CheckpointFormatError(`its header describes ${JSON.stringify(name)} wrongly (${what})`);
  if (!isRecord(value)) throw wrong('no object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw wrong('no dtype');
  if (!isElementType(dtype)) throw unreadableType(JSON.stringify(name), dtype);
  if (!Array.isArray(shape)) throw wrong('no shape');
  if (shape.length > mostDimensions) throw wrong(`${shape.length} dimensions`);
  const sizes = shape.map((size: unknown) => (typeof size === 'number' ? size : NaN));
  if (!Array.isArray(offsets) || offsets.length !== 2) throw wrong('no data_offsets');
  const [start, end] = offsets as unknown[];
  if (typeof start !== 'number' || typeof end !== 'number') throw wrong('no data_offsets');
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw wrong(`offsets ${start} to ${end}`);
  const bytes = elementCount(sizes) * elementSizes[dtype];
  if (end - start !== bytes)
    throw wrong(`${end - start} bytes for shape [${sizes.join(', ')}], which needs ${bytes}`);
  return { shape: sizes, type: dtype, start, end };
}

function parseHeader(text: string): {
  tensors: Map<string, Placed>;
  metadata: Map<string, string>;
} {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new CheckpointFormatError('its header is not JSON');
  }
  if (!isRecord(header)) throw new CheckpointFormatError('its header is not a JSON object');
  const tensors = new Map<string, Placed>();
  for (const [name, value] of Object.entries(header))
    if (name !== '__metadata__') tensors.set(name, placed(name, value));
  const about = header['__metadata__'];
  const metadata = new Map(
    Object.entries(isRecord(about) ? about : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
  return { tensors, metadata };
}

/** Opens a safetensors file; `file` is closed with it. @throws {CheckpointFormatError} */
export async function openSafetensorsFile(
  path: string,
  file: FileHandle,
  size: number,
): Promise<CheckpointFile> {
  const whole = new FileRange(file, 0, size);
  const prefix = new Uint8Array(8);
  await whole.read(0, prefix);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > largestHeader || 8 + length > size)
    throw new CheckpointFormatError(
      `its header should have ${length} bytes, the file has ${size} in all`,
    );
  const header = new Uint8Array(length);
  await whole.read(8, header);
  const { tensors, metadata } = parseHeader(Buffer.from(header).toString('utf8'));

  let position = 0;
  for (const [name, { start, end }] of [...tensors].sort(
    ([, a], [, b]) => a.start - b.start || a.end - b.end,
  )) {
    if (start !== position)
      throw new CheckpointFormatError(
        `tensor ${JSON.stringify(name)} ${start < position ? 'overlaps the one before' : 'leaves a gap before it'}`,
      );
    position = end;
  }
  const dataStart = 8 + length;
  if (dataStart + position !== size)
    throw new CheckpointFormatError(
      `its header describes ${dataStart + position} bytes, the file has ${size}`,
    );
  return {
    path,
    format: 'safetensors',
    tensors,
    metadata,
    notes: [],
    async read(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw new RangeError(`${path} has no tensor ${name}`);
      const { shape, type, start, end } = tensor;
      const source = new FileRange(file, dataStart + start, end - start);
      try {
        return await readView(
          { shape, type, strides: contiguousStrides(shape), offset: 0 },
          source,
          name,
        );
      } catch (error) {
        throw describe(error, path);
      }
    },
    close: () => file.close(),
  };
}
