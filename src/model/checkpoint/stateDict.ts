/** Where the weights lie within what a `.pth` file holds. */
import { localize, type MessageValue, type MessageText } from '../../util/localize';
import { CheckpointFormatError } from './formatError';
import { fitsBlip } from './names';
import { Opaque, PickleTuple } from './pickle';
import { TorchTensor } from './torchObjects';

/** The tensors of a file by name, and what to say of where they were found. */
export interface StateDict {
  tensors: Map<string, TorchTensor>;
  notes: MessageText[];
}

interface Candidate {
  /** Keys that lead to it from the top, joined by points; empty at the top. */
  path: string;
  tensors: Map<string, TorchTensor>;
  /** How many of its names are BLIP's. */
  fits: number;
}

/** Where weights are usually kept, the most usual first: decides between several that fit equally well. */
const usual = [
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

/** Entries that are looked at: a dict within a dict may be there many times and cost the file nothing. */
const mostEntries = 4_000_000;

/** How deep a file is searched: `{'checkpoint': {'model': …}}` is found. */
const deepest = 3;

/**
 * Finds the state dict by content: the mapping that has the most of BLIP's names, at any depth; without such names
 * the one at the most usual place. Entries that are no tensors are left out.
 * @throws {CheckpointFormatError} when there are no tensors with names; names the keys that are there.
 */
export function stateDict(root: unknown): StateDict {
  const candidates: Candidate[] = [];
  collect(root, [], candidates, { entries: 0 });
  const rank = ({ path }: Candidate): number => usual.indexOf(path) + 1 || usual.length + 1;
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
  looked: { entries: number },
): void {
  const entries = value instanceof Opaque ? value.entries : value;
  if (!(entries instanceof Map)) return;
  looked.entries += entries.size;
  if (looked.entries > mostEntries)
    throw new CheckpointFormatError('its pickle is malformed (a dict is repeated without end)');
  const tensors = new Map<string, TorchTensor>();
  for (const [key, item] of entries as Map<unknown, unknown>) {
    if (typeof key !== 'string') continue;
    if (item instanceof TorchTensor) tensors.set(key, item);
    else if (path.length < deepest) collect(item, [...path, key], found, looked);
  }
  if (tensors.size > 0)
    found.push({ path: path.join('.'), tensors, fits: fitsBlip(tensors.keys()) });
}

/** Keys that a message names. */
const shown = 8;

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
    .slice(0, shown)
    .map(([key, value]) => localize('{0} ({1})', nameOfKey(key), kindOf(value)));
  return new CheckpointFormatError(
    entries.size > shown
      ? localize(
          'it contains no state dict (tensors by name); its keys are {0} and {1} more',
          keys,
          entries.size - shown,
        )
      : localize('it contains no state dict (tensors by name); its keys are {0}', keys),
    hint,
  );
}

/** A key of a dict of Python may be anything, also what JSON cannot say. */
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
