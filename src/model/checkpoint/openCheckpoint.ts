import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { phrase } from '../../util/phrase';
import { UserError, errnoOf } from '../../util/userError';
import type { CheckpointFile } from './checkpointFile';
import { CheckpointFormatError, describe } from './formatError';
import { openSafetensorsFile } from './safetensorsFile';
import { openTorchLegacyFile } from './torchLegacyFile';
import { openTorchZipFile } from './torchZipFile';

/**
 * Opens a checkpoint of weights: PyTorch's `.pth` (zip or legacy layout) or safetensors, told apart by
 * content, not by name. Reads the table of contents only and executes nothing.
 * @throws {UserError} when there is no such file, or it is damaged, or something else.
 */
export async function openCheckpoint(path: string): Promise<CheckpointFile> {
  const file = await openFile(path);
  try {
    return await openByContent(path, file);
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
        ? phrase('Checkpoint {0} does not exist.', path)
        : code === 'EACCES'
          ? phrase('Checkpoint {0} may not be read (permission denied).', path)
          : undefined;
    if (!what) throw error;
    throw new UserError(what, {
      hint: phrase(
        'Correct the path. In a configuration a relative one starts at its folder, on the command line at the working folder.',
      ),
      cause: error,
    });
  }
}

async function openByContent(path: string, file: FileHandle): Promise<CheckpointFile> {
  const stat = await file.stat();
  if (stat.isDirectory()) throw new CheckpointFormatError('it is a folder');
  const start = new Uint8Array(512);
  const { bytesRead } = await file.read(start, 0, start.length, 0);
  const head = Buffer.from(start.subarray(0, bytesRead));
  if (head.length === 0) throw new CheckpointFormatError('it is empty');
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04'))) return openTorchZipFile(path, file);
  if (head[0] === 0x80 && (head[1] === 2 || head[1] === 3))
    return openTorchLegacyFile(path, file, stat.size);
  if (head.length > 8 && head[8] === 0x7b /* { */)
    return openSafetensorsFile(path, file, stat.size);

  const text = head.toString('latin1');
  if (text.slice(257, 262) === 'ustar')
    throw new CheckpointFormatError(
      'it is a tar archive, the layout of PyTorch before 0.2',
      'Load it with a PyTorch that still can and save it again with torch.save.',
    );
  if (text.startsWith('version https://git-lfs'))
    throw new CheckpointFormatError(
      'it is a Git LFS pointer, not the file itself',
      'Run `git lfs pull` where it came from.',
    );
  if (/^\s*<(!doctype|html)/i.test(text))
    throw new CheckpointFormatError('it is a web page', 'Download the file itself, not its page.');
  throw new CheckpointFormatError('it is neither a .pth nor a .safetensors file');
}
