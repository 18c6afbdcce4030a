import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { SimilarNames } from '../../util/similarNames';
import { localize, joinSentences } from '../../util/localize';
import { UserError, errnoOf } from '../../util/userError';
import type { CheckpointFile } from './checkpointFile';
import { foreignContent, isText } from './foreignContent';
import { CheckpointFormatError, describe } from './formatError';
import { withBlipNames } from './names';
import { openSafetensorsFile } from './safetensorsFile';
import { openShards, refuseShard } from './shards';
import { openTorchLegacyFile } from './torchLegacyFile';
import { openTorchZipFile } from './torchZipFile';

/**
 * Opens a checkpoint of weights: PyTorch's `.pth` (zip or legacy layout), safetensors or an index of several such
 * files, recognised by content, not by name; a single part of several is refused by its name. Tensors have BLIP's names
 * where a wrapper's prefix or transformers' names were in the way. Reads the table of contents only and executes nothing.
 * @throws {UserError} when there is no such file, or it is damaged, or something else.
 */
export async function openCheckpoint(path: string): Promise<CheckpointFile> {
  const file = await openFile(path);
  try {
    refuseShard(path);
    return withBlipNames(await openByContent(path, file));
  } catch (error) {
    await file.close();
    throw describe(error, path);
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
  // The header's length of a safetensors file holds zeros, which no text does.
  const isJson = /^\s*[[{]/.test(head.toString('utf8').replace('\ufeff', ''));
  if (isJson && isText(head.subarray(0, 9))) {
    // One that names itself, or another that names it, would be opened without end.
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
      throw describe(error, shard);
    }
  });
  await file.close();
  return shards;
}
