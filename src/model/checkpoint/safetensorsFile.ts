/**
 * Safetensors: eight bytes with the header's length, a JSON header `{name: {dtype, shape, data_offsets}}`,
 * then the tensors. https://huggingface.co/docs/safetensors (format). Checked as in the reference implementation: offsets in
 * range, without gaps or overlaps, sizes that match the shapes.
 */
import type { FileHandle } from 'node:fs/promises';
import { FileRange } from './byteSource';
import type { CheckpointFile, StoredTensor } from './checkpointFile';
import { elementCount, elementSizes, isElementType, MAX_DIMENSIONS } from './elementTypes';
import { CheckpointFormatError, asUserError, unreadableType } from './formatError';
import { contiguousStrides, readView } from './tensorView';

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

interface TensorEntry extends StoredTensor {
  readonly start: number;
  readonly end: number;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseEntry(name: string, value: unknown): TensorEntry {
  const invalid = (what: string): CheckpointFormatError =>
    new CheckpointFormatError(`its header describes ${JSON.stringify(name)} wrongly (${what})`);
  if (!isRecord(value)) throw invalid('no object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw invalid('no dtype');
  if (!isElementType(dtype)) throw unreadableType(JSON.stringify(name), dtype);
  if (!Array.isArray(shape)) throw invalid('no shape');
  if (shape.length > MAX_DIMENSIONS) throw invalid(`${shape.length} dimensions`);
  const sizes = shape.map((size: unknown) => (typeof size === 'number' ? size : NaN));
  if (!Array.isArray(offsets) || offsets.length !== 2) throw invalid('no data_offsets');
  const [start, end] = offsets as unknown[];
  if (typeof start !== 'number' || typeof end !== 'number') throw invalid('no data_offsets');
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw invalid(`offsets ${start} to ${end}`);
  const bytes = elementCount(sizes) * elementSizes[dtype];
  if (end - start !== bytes)
    throw invalid(`${end - start} bytes for shape [${sizes.join(', ')}], which needs ${bytes}`);
  return { shape: sizes, type: dtype, start, end };
}

function parseHeader(text: string): {
  tensors: Map<string, TensorEntry>;
  metadata: Map<string, string>;
} {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new CheckpointFormatError('its header is not JSON');
  }
  if (!isRecord(header)) throw new CheckpointFormatError('its header is not a JSON object');
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(header))
    if (name !== '__metadata__') tensors.set(name, parseEntry(name, value));
  const about = header['__metadata__'];
  const metadata = new Map(
    Object.entries(isRecord(about) ? about : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
  return { tensors, metadata };
}

/** Opens a safetensors file; `close` also closes `file`. @throws {CheckpointFormatError} when it is damaged */
export async function openSafetensorsFile(
  path: string,
  file: FileHandle,
  size: number,
): Promise<CheckpointFile> {
  const whole = new FileRange(file, 0, size);
  const prefix = new Uint8Array(8);
  await whole.read(0, prefix);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > size)
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
        throw asUserError(error, path);
      }
    },
    close: () => file.close(),
  };
}
