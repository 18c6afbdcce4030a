/** Exports weights for use in other programs: `nlvr export`. */
import type { CheckpointFile } from './checkpoint/checkpointFile';
import type { ElementType } from './checkpoint/elementTypes';
import { openCheckpoint } from './checkpoint/openCheckpoint';
import { writeSafetensors } from './checkpoint/safetensorsWriter';
import type { RawTensors } from './checkpoint/safetensorsWriter';
import { writeTorchFile } from './checkpoint/torchWriter';
import { locateWeights } from './loadWeights';
import type { LoadOptions } from './loadWeights';
import { POSITION_IDS } from './parameters';

export type ExportFormat = 'safetensors' | 'pth';

export interface ExportResult {
  /** Tensors written. */
  tensors: number;
  /** Integer tensors of the source that are not part of the model (`queue_ptr` …), and not exported. */
  leftOut: string[];
}

const WORD_EMBEDDINGS = 'text_encoder.embeddings.word_embeddings.weight';
const POSITION_EMBEDDINGS = 'text_encoder.embeddings.position_embeddings.weight';
const floats: readonly ElementType[] = ['F64', 'F32', 'F16', 'BF16'];

/**
 * Writes the weights of a checkpoint in BLIP's format: float32 tensors by their names, and the int64 buffer of position ids,
 * so that `load_state_dict` finds every key.
 * @param source as for `loadWeights`: a file, a run folder or an https address.
 * @param out file to write; replaced atomically.
 * @throws {UserError} when the source cannot be read or the disk is full.
 */
export async function exportCheckpoint(
  source: string,
  format: ExportFormat,
  out: string,
  options: LoadOptions = {},
): Promise<ExportResult> {
  const file = await openCheckpoint(await locateWeights(source, options));
  try {
    const { shapes, raw, leftOut } = contentOf(file);
    const floatShapes = new Map([...shapes].filter(([name]) => !raw.has(name)));
    const values = readAll(file, floatShapes.keys());
    if (format === 'pth') await writeTorchFile(out, shapes, values, raw);
    else {
      const metadata = { ...Object.fromEntries(file.metadata), format: 'pt' };
      await writeSafetensors(out, floatShapes, values, metadata, raw);
    }
    return { tensors: shapes.size, leftOut };
  } finally {
    await file.close();
  }
}

/** Tensors of the exported file, in the order of BLIP's state dict. */
function contentOf({ tensors }: CheckpointFile): {
  shapes: Map<string, readonly number[]>;
  raw: RawTensors;
  leftOut: string[];
} {
  const shapes = new Map<string, readonly number[]>();
  const raw = new Map<string, ReturnType<typeof positionIds>>();
  const leftOut: string[] = [];
  const addPositionIds = (name: string, count: number): void => {
    raw.set(name, positionIds(count));
    shapes.set(name, [1, count]);
  };
  for (const [name, { shape, type }] of tensors) {
    // Our own checkpoints have parameters only.
    const rows = tensors.get(POSITION_EMBEDDINGS)?.shape[0];
    if (name === WORD_EMBEDDINGS && rows !== undefined && !tensors.has(POSITION_IDS))
      addPositionIds(POSITION_IDS, rows);
    if (floats.includes(type)) shapes.set(name, shape);
    else if (name.endsWith('.position_ids')) addPositionIds(name, shape.at(-1) ?? 0);
    else leftOut.push(name);
  }
  return { shapes, raw, leftOut };
}

/** int64 [1, count]: 0, 1, 2 … */
function positionIds(count: number): { shape: number[]; type: 'I64'; bytes: Uint8Array } {
  const values = BigInt64Array.from({ length: count }, (_, i) => BigInt(i));
  return { shape: [1, count], type: 'I64', bytes: new Uint8Array(values.buffer) };
}

async function* readAll(
  file: CheckpointFile,
  names: Iterable<string>,
): AsyncGenerator<readonly [string, Float32Array]> {
  for (const name of names) yield [name, await file.read(name)];
}
