import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { SimilarNames } from '../../util/similarNames';
import { localize, joinSentences } from '../../util/localize';
import { UserError, errnoOf } from '../../util/userError';
import type { CheckpointFile } from './checkpointFile';
import { foreignContent, isText } from './foreignContent';
import { CheckpointFormatError, asUserError } from './formatError';
import { withBlipNames } from './names';
import { openSafetensorsFile } from './safetensorsFile';
import { openShards, refuseShard } from './shardedCheckpoint';
import { openTorchLegacyFile } from './torchLegacyFile';
import { openTorchZipFile } from './torchZipFile';

/**
 * Opens a checkpoint: PyTorch's `.pth` (zip or legacy layout), safetensors, or the index of a sharded checkpoint. The format is
 * recognized by the content; only a single shard is recognized by its name, and refused. Names with a wrapper's prefix and
 * names of transformers are converted to BLIP's. Reads no tensor values and executes nothing.
 * @throws {UserError} when the file does not exist, is damaged, or is not a checkpoint.
 */
export async function openCheckpoint(path: string): Promise<CheckpointFile> {
  const file = await openFile(path);
  try {
    refuseShard(path);
    return withBlipNames(await openByContent(path, file));
  } catch (error) {
    await file.close();
    throw asUserError(error, path);
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const code = errnoOf(error);
    const what =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? localize('Checkpoint {0} does not exist.', path)
        : code === 'EACCES'
          ? localize('Checkpoint {0} may not be read (permission denied).', path)
          : undefined;
    if (!what) throw error;
    const near = code === 'ENOENT' ? new SimilarNames().find(path) : undefined;
    throw new UserError(
      near ? joinSentences(what, localize('Did you mean {0}?', near.path)) : what,
      {
        hint: localize(
          'Correct the path. Relative paths start at the folder of the configuration, or at the working folder on the command line.',
        ),
        cause: error,
      },
    );
  }
}

async function openByContent(
  path: string,
  file: FileHandle,
  mayBeIndex = true,
): Promise<CheckpointFile> {
  const stat = await file.stat();
  if (stat.isDirectory())
    throw new CheckpointFormatError(
      localize('it is a folder'),
      localize('Choose a file in it that ends in .pth, .bin, .safetensors or .index.json.'),
    );
  const start = new Uint8Array(512);
  const { bytesRead } = await file.read(start, 0, start.length, 0);
  const head = Buffer.from(start.subarray(0, bytesRead));
  if (head.length === 0) throw new CheckpointFormatError(localize('it is empty'));
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04'))) return openTorchZipFile(path, file);
  if (head[0] === 0x80 && head[1] >= 2 && head[1] <= 5)
    return openTorchLegacyFile(path, file, stat.size);
  // A safetensors file starts with the length of its header, which contains zero bytes, unlike text.
  const isJson = /^\s*[[{]/.test(head.toString('utf8').replace('\ufeff', ''));
  if (isJson && isText(head.subarray(0, 9))) {
    // Prevents endless recursion of an index that names itself or another index.
    if (!mayBeIndex)
      throw new CheckpointFormatError(
        localize('it is an index, and was named as a part by an index'),
        localize('Download all files of the checkpoint into one folder.'),
      );
    return openIndex(path, file, stat.size);
  }
  if (head.length > 8 && head[8] === 0x7b /* { */)
    return openSafetensorsFile(path, file, stat.size);
  throw foreignContent(head);
}

async function openIndex(path: string, file: FileHandle, size: number): Promise<CheckpointFile> {
  const shards = await openShards(path, size, async (shard) => {
    const part = await open(shard, 'r');
    try {
      return await openByContent(shard, part, false);
    } catch (error) {
      await part.close();
      throw asUserError(error, shard);
    }
  });
  await file.close();
  return shards;
}
