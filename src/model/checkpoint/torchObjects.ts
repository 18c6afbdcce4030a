/** What the pickles of `torch.save` may name, and what stands for it here. */
import { elementSizes } from './elementTypes';
import type { ElementType } from './elementTypes';
import { CheckpointFormatError } from './formatError';
import { PickleTuple } from './pickle';
import type { PickleHost } from './pickle';
import { checkView } from './tensorView';
import type { TensorView } from './tensorView';

/** A storage that tensors look at; several may share one. Sizes and offsets count elements. */
export class Storage {
  constructor(
    readonly key: string,
    readonly type: ElementType,
    readonly elements: number,
    /** Legacy files only: where this view starts within the storage of that key. */
    readonly offset = 0,
  ) {}

  get bytes(): number {
    return this.elements * elementSizes[this.type];
  }
}

/** A tensor of the file, checked to lie within its storage. */
export class TorchTensor {
  constructor(
    readonly storage: Storage,
    readonly view: TensorView,
  ) {}
}

/** An object whose meaning is not needed (a configuration, a device); its content is dropped. */
class Inert {}

class StorageType {
  constructor(readonly type: ElementType) {}
}

class Callable {
  constructor(readonly call: (args: readonly unknown[]) => unknown) {}
}

const storageTypes: Readonly<Record<string, ElementType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const inert = new Callable(() => new Inert());
const rebuildTensor = new Callable(([storage, offset, shape, strides]) =>
  tensor(storage, offset, shape, strides),
);

/** The allow-list. Nothing here runs anything: each entry builds plain data from plain data. */
const allowed = new Map<string, unknown>([
  ['collections.OrderedDict', new Callable((args) => orderedDict(args))],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', new Callable(([data]) => data)],
  ['torch.Size', new Callable(([sizes]) => sizes)],
  ['torch.device', inert],
  ['argparse.Namespace', inert],
  ...Object.entries(storageTypes).map(
    ([name, type]) => [`torch.${name}`, new StorageType(type)] as const,
  ),
  ...[
    'float64',
    'float32',
    'float16',
    'bfloat16',
    'int64',
    'int32',
    'int16',
    'int8',
    'uint8',
    'bool',
  ].map((name) => [`torch.${name}`, new Inert()] as const),
]);

function orderedDict(args: readonly unknown[]): Map<unknown, unknown> {
  const dict = new Map<unknown, unknown>();
  const [items] = args;
  if (items === undefined) return dict;
  // Python 2 wrote the items as a list of pairs.
  for (const pair of listOf(items)) {
    const [key, value] = listOf(pair);
    dict.set(key, value);
  }
  return dict;
}

function listOf(value: unknown): readonly unknown[] {
  if (value instanceof PickleTuple) return value.items;
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new CheckpointFormatError('its pickle is malformed (a list is missing)');
}

function natural(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new CheckpointFormatError(
    'its pickle is malformed (a size is missing, negative or too large)',
  );
}

function tensor(storage: unknown, offset: unknown, shape: unknown, strides: unknown): TorchTensor {
  if (!(storage instanceof Storage))
    throw new CheckpointFormatError('its pickle is malformed (a tensor without a storage)');
  const view: TensorView = {
    shape: listOf(shape).map(natural),
    strides: listOf(strides).map(natural),
    offset: natural(offset),
    type: storage.type,
  };
  checkView(view, storage.elements);
  return new TorchTensor(storage, view);
}

/** Reads the pickles of a `.pth` file; collects the storages that they mention. */
export class TorchPickleHost implements PickleHost {
  readonly storages = new Map<string, Storage>();

  global(module: string, name: string): unknown {
    const known = allowed.get(`${module}.${name}`);
    if (known !== undefined) return known;
    throw new CheckpointFormatError(
      `it asks Python to load ${JSON.stringify(`${module}.${name}`)}, which is no part of a checkpoint of weights; nothing of it was run`,
      'If you trust its origin, load it in Python and save the weights alone: torch.save({"model": model.state_dict()}, file).',
    );
  }

  call(callee: unknown, args: readonly unknown[]): unknown {
    if (callee instanceof Callable) return callee.call(args);
    throw new CheckpointFormatError('its pickle is malformed (a call of what is no function)');
  }

  build(target: unknown): void {
    // The attributes of an OrderedDict (`_metadata`) and of inert objects are not needed.
    if (target instanceof Map || target instanceof Inert || target instanceof TorchTensor) return;
    throw new CheckpointFormatError('its pickle is malformed (a state for what has none)');
  }

  persistent(id: unknown): unknown {
    const [kind, type, key, , elements, view] = id instanceof PickleTuple ? id.items : [];
    if (kind === 'module')
      throw new CheckpointFormatError(
        'it holds a whole Python module, not a state dict',
        'Load it in Python and save the weights alone: torch.save({"model": model.state_dict()}, file).',
      );
    if (kind !== 'storage' || typeof key !== 'string')
      throw new CheckpointFormatError('its pickle is malformed (an unknown persistent id)');
    if (!(type instanceof StorageType))
      throw new CheckpointFormatError(`storage ${JSON.stringify(key)} is of an unknown type`);
    const root = this.root(key, type.type, natural(elements));
    if (view === undefined || view === null) return root;
    const [, offset, size] = listOf(view);
    const part = new Storage(key, root.type, natural(size), natural(offset));
    if (part.offset + part.elements > root.elements)
      throw new CheckpointFormatError(`a view reaches beyond storage ${JSON.stringify(key)}`);
    return part;
  }

  private root(key: string, type: ElementType, elements: number): Storage {
    const known = this.storages.get(key);
    if (known && (known.type !== type || known.elements !== elements))
      throw new CheckpointFormatError(`storage ${JSON.stringify(key)} is described in two ways`);
    const storage = known ?? new Storage(key, type, elements);
    this.storages.set(key, storage);
    return storage;
  }
}

/**
 * Finds the state dict: `{'model': …}` as BLIP saves it, `{'state_dict': …}`, or the mapping itself.
 * Entries that are no tensors are left out.
 * @throws {CheckpointFormatError} when there are no tensors with names.
 */
export function stateDict(root: unknown): Map<string, TorchTensor> {
  if (root instanceof Map) {
    const outer = root as Map<unknown, unknown>;
    for (const candidate of [outer.get('model'), outer.get('state_dict'), outer]) {
      if (!(candidate instanceof Map)) continue;
      const tensors = new Map<string, TorchTensor>();
      for (const [key, value] of candidate as Map<unknown, unknown>)
        if (typeof key === 'string' && value instanceof TorchTensor) tensors.set(key, value);
      if (tensors.size > 0) return tensors;
    }
  }
  throw new CheckpointFormatError(
    'it holds no state dict, neither under "model" nor at its top level',
    'Save one in Python: torch.save({"model": model.state_dict()}, file).',
  );
}
