/** Recognizes files that are not checkpoints by their first bytes, for an error with what to do. */
import { localize, type MessageText } from '../../util/localize';
import { CheckpointFormatError, saveWeightsHint } from './formatError';

const convert = localize(
  'Only PyTorch and safetensors files are supported. Load it in the program that created it and save the weights with {0} or the safetensors package.',
  'torch.save',
);
const unpackWith = (command: string): MessageText =>
  localize('Unpack it first, for example with `{0}`.', command);
const chooseWeights = localize(
  'Choose the weights file, which usually ends in .pth, .bin or .safetensors, or the folder that contains it.',
);

interface Kind {
  /** Bytes at position `at` (default 0), as latin-1. */
  bytes: string;
  at?: number;
  what: MessageText;
  hint: MessageText;
}

const packed = (bytes: string, program: string, command: string): Kind => ({
  bytes,
  what: localize('it is an archive compressed with {0}', program),
  hint: unpackWith(command),
});
const other = (bytes: string, what: MessageText, hint: MessageText = convert, at = 0): Kind => ({
  bytes,
  what,
  hint,
  at,
});

const kinds: readonly Kind[] = [
  packed('\x1f\x8b', 'gzip', 'gunzip'),
  packed('BZh', 'bzip2', 'bunzip2'),
  packed('\xfd7zXZ\0', 'xz', 'unxz'),
  packed('\x28\xb5\x2f\xfd', 'zstd', 'unzstd'),
  packed("7z\xbc\xaf'\x1c", '7-Zip', '7z x'),
  packed('Rar!', 'RAR', 'unrar x'),
  other('\x89HDF\r\n', localize('it is an HDF5 file, as Keras writes them')),
  other('GGUF', localize('it is a GGUF file, as llama.cpp reads them')),
  other('\x93NUMPY', localize('it is a NumPy array')),
  other('\x89PNG', localize('it is an image'), chooseWeights),
  other('\xff\xd8\xff', localize('it is an image'), chooseWeights),
  other('%PDF', localize('it is a PDF document'), chooseWeights),
  other(
    'ustar',
    localize('it is a tar archive, a format in which only PyTorch before 0.2 wrote checkpoints'),
    localize(
      'If it is an archive, unpack it with `{0}`. If it is such a checkpoint, load it with a PyTorch version that still supports it and save it again with torch.save.',
      'tar xf',
    ),
    257,
  ),
];

/**
 * The error for a file that is neither a PyTorch nor a safetensors file.
 * @param head its first 512 bytes, or the whole file if it is smaller
 */
export function foreignContent(head: Buffer): CheckpointFormatError {
  const bytes = head.toString('latin1');
  const kind = kinds.find(({ bytes: start, at = 0 }) => bytes.startsWith(start, at));
  if (kind) return new CheckpointFormatError(kind.what, kind.hint);
  if (head[0] === 0x80 && head[1] > 5)
    return new CheckpointFormatError(
      localize('it is a Python pickle of protocol {0}; protocols 2 to 5 are supported', head[1]),
      saveWeightsHint,
    );
  const text = bytes.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (text.startsWith('version https://git-lfs'))
    return new CheckpointFormatError(
      localize('it is a Git LFS pointer, not the file itself'),
      localize('Run `git lfs pull` where it came from.'),
    );
  if (/^<(?:!doctype html|html)/i.test(text))
    return new CheckpointFormatError(
      localize('it is a web page'),
      localize('Download the file itself, not its page.'),
    );
  if (text.startsWith('<'))
    return new CheckpointFormatError(
      localize('it is an XML document'),
      localize(
        'Servers often send such a file when they refuse a download. Open it in an editor to see the reason, then download the file again.',
      ),
    );
  if (isText(head))
    return new CheckpointFormatError(
      localize(
        'it is a text file that starts with {0}',
        JSON.stringify(text.slice(0, 40).trimEnd()),
      ),
      chooseWeights,
    );
  return new CheckpointFormatError(
    localize('it is neither a .pth nor a .safetensors file'),
    localize(
      'If it is supposed to be one, it is damaged: copy or download it again and compare its size with the original.',
    ),
  );
}

/** Whether the first bytes are printable text. */
export function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13)) && !head.includes(0x7f);
}

/** Maximum number of an archive's entries, or of keys, in a message. */
const MAX_LISTED_ENTRIES = 4;

/** The error for a valid zip archive that was not written by `torch.save`. */
export function foreignArchive(names: readonly string[]): CheckpointFormatError {
  const files = names.filter((name) => !name.endsWith('/'));
  const weights = files.find((name) => /\.(?:pth?|bin|ckpt|safetensors|tar|zip|gz)$/i.test(name));
  if (weights !== undefined)
    return new CheckpointFormatError(
      localize('it is a zip archive that contains {0}', JSON.stringify(weights)),
      localize('Unpack it first, for example with `{0}`, and choose the unpacked file.', 'unzip'),
    );
  if (files.length > 0 && files.every((name) => name.endsWith('.npy')))
    return new CheckpointFormatError(localize('it is an archive of NumPy arrays (.npz)'), convert);
  if (files.some((name) => name.endsWith('.weights.h5')))
    return new CheckpointFormatError(localize('it is a Keras model'), convert);
  return new CheckpointFormatError(
    files.length === 0
      ? localize('it is an empty zip archive')
      : localize(
          'it is a zip archive, but not one that torch.save wrote; it contains {0}',
          files.slice(0, MAX_LISTED_ENTRIES).map((name) => JSON.stringify(name)),
        ),
    chooseWeights,
  );
}

/** The error for JSON that is not the index of a sharded checkpoint. */
export function foreignJson(value: unknown): CheckpointFormatError {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return new CheckpointFormatError(
    keys.length === 0 || Array.isArray(value)
      ? localize('it is a JSON file')
      : localize('it is a JSON file with the keys {0}', keys.slice(0, MAX_LISTED_ENTRIES)),
    chooseWeights,
  );
}
