/** Finds the state dict in the content of a `.pth` file. */
import { localize, type MessageValue, type MessageText } from '../../util/localize';
import { CheckpointFormatError } from './formatError';
import { countBlipNames } from './names';
import { Opaque, PickleTuple } from './pickle';
import { TorchTensor } from './torchObjects';

/** The tensors of a file by name, and notes about where they were found. */
export interface StateDict {
  tensors: Map<string, TorchTensor>;
  notes: MessageText[];
}

interface Candidate {
  /** Keys from the top level, joined by dots; empty at the top level. */
  path: string;
  tensors: Map<string, TorchTensor>;
  /** Number of its names that are BLIP's. */
  fits: number;
}

/** Usual keys of weights, the most common first, to choose between candidates with equally many of BLIP's names. */
const usualPaths = [
  'model',
  'state_dict',
  'model_state_dict',
  'model_state',
  'net',
  'module',
  'network',
  'weights',
  'params',
  '',
];

/** Maximum number of entries to visit: a pickle can repeat a dict many times in few bytes. */
const MAX_ENTRIES = 4_000_000;

/** Maximum depth of the search: `{'checkpoint': {'model': …}}` is found. */
const MAX_DEPTH = 3;

/**
 * Finds the state dict by its content: the mapping with most of BLIP's names; if there are no such names, the one under the
 * most common key. Entries that are not tensors are left out.
 * @throws {CheckpointFormatError} naming the keys, when there are no named tensors.
 */
export function stateDict(root: unknown): StateDict {
  const candidates: Candidate[] = [];
  collect(root, [], candidates, { entries: 0 });
  const rank = ({ path }: Candidate): number =>
    usualPaths.indexOf(path) + 1 || usualPaths.length + 1;
  candidates.sort(
    (a, b) => b.fits - a.fits || rank(a) - rank(b) || b.tensors.size - a.tensors.size,
  );
  if (candidates.length === 0) throw noTensors(root);
  const [{ path, tensors, fits }, ...others] = candidates;
  const notes: MessageText[] = [];
  const rivals = others.filter((other) => fits > 0 && other.fits === fits);
  if (rivals.length > 0)
    notes.push(
      localize(
        'The weights under {0} were used; the file has others under {1}.',
        placeName(path),
        rivals.map((rival) => placeName(rival.path)),
      ),
    );
  else if (path !== '' && !['model', 'state_dict'].includes(path))
    notes.push(localize('The weights were found under {0}.', placeName(path)));
  return { tensors, notes };
}

const placeName = (path: string): MessageValue =>
  path === '' ? localize('the top level') : `"${path}"`;

function collect(
  value: unknown,
  path: readonly string[],
  found: Candidate[],
  visited: { entries: number },
): void {
  const entries = value instanceof Opaque ? value.entries : value;
  if (!(entries instanceof Map)) return;
  visited.entries += entries.size;
  if (visited.entries > MAX_ENTRIES)
    throw new CheckpointFormatError('its pickle is malformed (a dict is repeated without end)');
  const tensors = new Map<string, TorchTensor>();
  for (const [key, item] of entries as Map<unknown, unknown>) {
    if (typeof key !== 'string') continue;
    if (item instanceof TorchTensor) tensors.set(key, item);
    else if (path.length < MAX_DEPTH) collect(item, [...path, key], found, visited);
  }
  if (tensors.size > 0)
    found.push({ path: path.join('.'), tensors, fits: countBlipNames(tensors.keys()) });
}

/** Maximum number of keys in a message. */
const MAX_LISTED_KEYS = 8;

function noTensors(root: unknown): CheckpointFormatError {
  const hint = localize(
    'Save one in Python: {0}.',
    'torch.save({"model": model.state_dict()}, file)',
  );
  const entries = root instanceof Opaque ? root.entries : root;
  if (!(entries instanceof Map) || entries.size === 0)
    return new CheckpointFormatError(
      localize('it contains no state dict (tensors by name), but {0}', kindOf(root)),
      hint,
    );
  const keys = [...(entries as Map<unknown, unknown>)]
    .slice(0, MAX_LISTED_KEYS)
    .map(([key, value]) => localize('{0} ({1})', nameOfKey(key), kindOf(value)));
  return new CheckpointFormatError(
    entries.size > MAX_LISTED_KEYS
      ? localize(
          'it contains no state dict (tensors by name); its keys are {0} and {1} more',
          keys,
          entries.size - MAX_LISTED_KEYS,
        )
      : localize('it contains no state dict (tensors by name); its keys are {0}', keys),
    hint,
  );
}

/** Text of a key of a Python dict, which need not be a string. */
function nameOfKey(key: unknown): MessageText {
  if (typeof key === 'string') return JSON.stringify(key);
  return typeof key === 'number' || typeof key === 'boolean' ? String(key) : kindOf(key);
}

function kindOf(value: unknown): MessageText {
  if (value === null) return localize('None');
  if (typeof value === 'string') return localize('a text');
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return localize('a number');
  if (value instanceof TorchTensor) return localize('a tensor');
  if (value instanceof Opaque) return localize('an object of class {0}', value.className);
  if (value instanceof Map)
    return value.size === 0 ? localize('an empty dict') : localize('a dict of {0}', value.size);
  if (value instanceof PickleTuple || Array.isArray(value)) return localize('a list');
  return localize('an object');
}
