/**
 * Opens sharded checkpoints, as transformers' `save_pretrained` writes them: several files, and an index
 * `model.safetensors.index.json` (or `pytorch_model.bin.index.json`) whose `weight_map` has the file of each tensor.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { localize } from '../../util/localize';
import { errnoOf, messageOf } from '../../util/userError';
import type { CheckpointFile, StoredTensor } from './checkpointFile';
import { foreignJson } from './foreignContent';
import { CheckpointFormatError } from './formatError';

/** An index has about 100 bytes per tensor. */
const MAX_INDEX_BYTES = 64 << 20;
const shardName = /-(\d{5})-of-(\d{5})\.(?:safetensors|bin|pth?)$/;

/**
 * Opens the shards of an index.
 * @param openShard opens one file
 * @throws {CheckpointFormatError} for other JSON, a shard that is missing or lacks a tensor, and a file name outside of the
 * folder.
 */
export async function openShards(
  index: string,
  size: number,
  openShard: (path: string) => Promise<CheckpointFile>,
): Promise<CheckpointFile> {
  const weightMap = await readIndex(index, size);
  const folder = dirname(index);
  const shards = new Map<string, CheckpointFile>();
  const close = async (): Promise<void> => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const name of [...new Set(weightMap.values())].sort())
      shards.set(name, await openNamed(join(folder, name), name, openShard));
    const tensors = new Map<string, StoredTensor>();
    for (const [tensor, name] of weightMap) {
      const stored = shards.get(name)?.tensors.get(tensor);
      if (!stored)
        throw new CheckpointFormatError(
          localize('its index places {0} in {1}, which does not contain it', tensor, name),
        );
      tensors.set(tensor, stored);
    }
    return {
      path: index,
      format: [...shards.values()][0]?.format ?? 'safetensors',
      tensors,
      metadata: [...shards.values()][0]?.metadata ?? new Map(),
      notes: [localize('The weights were read from {0} files.', shards.size)],
      async read(tensor) {
        const shard = shards.get(weightMap.get(tensor) ?? '');
        if (!shard) throw new RangeError(`${index} has no tensor ${tensor}`);
        return shard.read(tensor);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openNamed(
  path: string,
  name: string,
  openShard: (path: string) => Promise<CheckpointFile>,
): Promise<CheckpointFile> {
  try {
    return await openShard(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    if (code !== 'ENOENT')
      throw new CheckpointFormatError(
        localize('{0}, which its index names, cannot be read: {1}', name, messageOf(error)),
      );
    throw new CheckpointFormatError(
      localize('{0}, which its index names, is missing', name),
      localize('Download all files of the checkpoint into one folder.'),
    );
  }
}

async function readIndex(index: string, size: number): Promise<Map<string, string>> {
  if (size > MAX_INDEX_BYTES) throw foreignJson(undefined);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(index, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CheckpointFormatError(
      localize('it starts as JSON, but is not valid JSON ({0})', error.message),
    );
  }
  const map = (value as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null) throw foreignJson(value);
  const weightMap = new Map<string, string>();
  for (const [tensor, name] of Object.entries(map)) {
    if (typeof name !== 'string' || !isFileName(name))
      throw new CheckpointFormatError(
        localize(
          'its index places {0} in {1}, which is not a file name',
          tensor,
          JSON.stringify(name),
        ),
        localize('An index may refer only to files in its own folder.'),
      );
    weightMap.set(tensor, name);
  }
  return weightMap;
}

function isFileName(name: string): boolean {
  return !['', '.', '..'].includes(name) && name === basename(name) && !/[\\\0]/.test(name);
}

/**
 * Refuses a single shard, by its file name, because the rest of the model would keep random values.
 * @throws {CheckpointFormatError} when it is one of several shards
 */
export function refuseShard(path: string): void {
  const [, number, total] = shardName.exec(path) ?? [];
  if (number === undefined || Number(total) < 2) return;
  throw new CheckpointFormatError(
    localize('it is part {0} of {1} of a checkpoint', Number(number), Number(total)),
    localize('Choose the folder, or the file that ends in .index.json, to read all parts.'),
  );
}
