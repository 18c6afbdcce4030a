/** Maps the names in pickles of `torch.save` to plain data. */
import { elementSizes, MAX_DIMENSIONS } from './elementTypes';
import type { ElementType } from './elementTypes';
import { localize } from '../../util/localize';
import { CheckpointFormatError, saveWeightsHint } from './formatError';
import { Opaque, PickleTuple } from './pickle';
import type { PickleHost } from './pickle';
import { checkView } from './tensorView';
import type { TensorView } from './tensorView';

/** A storage of tensors, which several may share. Sizes and offsets count elements. */
export class Storage {
  constructor(
    readonly key: string,
    readonly type: ElementType,
    readonly elements: number,
    /** In legacy files: start of this view in the storage of that key. */
    readonly offset = 0,
  ) {}

  get bytes(): number {
    return this.elements * elementSizes[this.type];
  }
}

/** A tensor of the file, whose view was checked against its storage. */
export class TorchTensor {
  constructor(
    readonly storage: Storage,
    readonly view: TensorView,
  ) {}
}

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
  ComplexFloatStorage: 'C64',
  ComplexDoubleStorage: 'C128',
  // Storages of types that were added after 2.0; `_rebuild_tensor_v3` has the type as an argument.
  UntypedStorage: 'U8',
};

const elementTypes: Readonly<Record<string, ElementType>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
  complex128: 'C128',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
};

class DataType {
  constructor(readonly type: ElementType) {}
}

const rebuildTensor = new Callable(([storage, offset, shape, strides]) =>
  tensor(storage, offset, shape, strides),
);

/** A tensor of a newer type: its storage counts bytes, and its type is an argument. */
const rebuildTensor3 = new Callable(([storage, offset, shape, strides, , , dtype]) => {
  if (!(dtype instanceof DataType)) return new Opaque('torch.Tensor');
  if (!(storage instanceof Storage)) return tensor(storage, offset, shape, strides);
  const { type } = dtype;
  const elements = Math.floor(storage.bytes / elementSizes[type]);
  return tensor(new Storage(storage.key, type, elements), offset, shape, strides);
});

/** A tensor with attributes, or of a subclass, which becomes a plain tensor. */
const rebuildFromType = new Callable(([rebuild, , args]) =>
  rebuild instanceof Callable && args instanceof PickleTuple
    ? rebuild.call(args.items)
    : new Opaque('torch.Tensor'),
);

const orderedDictType = new Callable(([items]) =>
  items === undefined ? new Map() : orderedDict(listOf(items)),
);

/** The supported names. Each entry builds plain data from plain data; none runs code of the file. */
const supportedGlobals = new Map<string, unknown>([
  ['collections.OrderedDict', orderedDictType],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTensor3],
  ['torch._utils._rebuild_parameter', new Callable(([data]) => data)],
  ['torch._utils._rebuild_parameter_with_state', new Callable(([data]) => data)],
  ['torch._tensor._rebuild_from_type_v2', rebuildFromType],
  ['torch.Size', new Callable(([sizes]) => sizes)],
  ...Object.entries(storageTypes).flatMap(([name, type]) =>
    ['torch', 'torch.storage'].map(
      (module) => [`${module}.${name}`, new StorageType(type)] as const,
    ),
  ),
  ...Object.entries(elementTypes).map(
    ([name, type]) => [`torch.${name}`, new DataType(type)] as const,
  ),
]);

/**
 * Names that a file of weights does not need, and that run programs or read files when Python loads them. They are not run
 * here; the error warns the user before the file is loaded in Python.
 */
const unsafeGlobals: readonly RegExp[] = [
  /^(?:os|posix|nt|sys|subprocess|commands|shutil|socket|pty|runpy|importlib|imp|ctypes|_?pickle|cPickle|marshal|code|codeop|webbrowser|timeit|pdb|bdb|cProfile|profile|builtins|__builtin__)(?:\.|$)/,
  /^_?io\.(?:open|FileIO)/,
  /^types\.(?:CodeType|FunctionType)$/,
  /^torch\.(?:load|hub|jit|ops|storage\._load_from_bytes|utils\.cpp_extension|serialization|_inductor)(?:\.|$)/,
  /\.__/,
];

/** Python's built-in types, which are harmless: they are only filled with values. */
const builtinTypes =
  /^(?:builtins|__builtin__)\.(?:set|frozenset|complex|bytes|bytearray|object|list|dict|tuple|slice|range|xrange|int|long|float|bool|str|unicode|Ellipsis|NotImplemented|[A-Za-z]*(?:Error|Exception|Warning))$/;

/** Maximum number of entries in a file's dicts made of lists: a pickle can repeat a list in few bytes. */
const MAX_LISTED_ENTRIES = 2_000_000;

function orderedDict(items: readonly unknown[]): Map<unknown, unknown> {
  const dict = new Map<unknown, unknown>();
  // Python 2 wrote the items as a list of pairs.
  for (const pair of items) {
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

function sizesOf(value: unknown): number[] {
  const sizes = listOf(value);
  if (sizes.length > MAX_DIMENSIONS)
    throw new CheckpointFormatError(`a tensor has ${sizes.length} dimensions`);
  return sizes.map(natural);
}

function tensor(storage: unknown, offset: unknown, shape: unknown, strides: unknown): TorchTensor {
  if (!(storage instanceof Storage))
    throw new CheckpointFormatError('its pickle is malformed (a tensor without a storage)');
  const view: TensorView = {
    shape: sizesOf(shape),
    strides: sizesOf(strides),
    offset: natural(offset),
    type: storage.type,
  };
  checkView(view, storage.elements);
  return new TorchTensor(storage, view);
}

/** Interprets the pickles of a `.pth` file, and collects the storages that they refer to. */
export class TorchPickleHost implements PickleHost {
  readonly storages = new Map<string, Storage>();
  private listedEntries = 0;

  global(module: string, name: string): unknown {
    const full = `${module}.${name}`;
    const known = supportedGlobals.get(full);
    if (known !== undefined) return known;
    if (!builtinTypes.test(full) && unsafeGlobals.some((pattern) => pattern.test(full)))
      throw new CheckpointFormatError(
        localize(
          'it asks Python to load {0}, which is not part of a weights checkpoint; nothing in it was executed',
          JSON.stringify(full),
        ),
        saveWeightsHint,
      );
    return new Opaque(full);
  }

  call(callee: unknown, args: readonly unknown[]): unknown {
    if (callee === orderedDictType && args[0] !== undefined) {
      this.listedEntries += listOf(args[0]).length;
      if (this.listedEntries > MAX_LISTED_ENTRIES)
        throw new CheckpointFormatError('its pickle is malformed (a list is repeated without end)');
    }
    if (callee instanceof Callable) return callee.call(args);
    // Calls of other names, such as a date, a path or a NumPy scalar: the arguments are dropped.
    if (callee instanceof Opaque) return new Opaque(callee.className);
    throw new CheckpointFormatError(
      'its pickle is malformed (a call of an object that is not a function)',
    );
  }

  build(target: unknown): void {
    // The attributes of an OrderedDict (`_metadata`) and of opaque objects are not needed.
    if (target instanceof Map || target instanceof Opaque || target instanceof TorchTensor) return;
    throw new CheckpointFormatError('its pickle is malformed (a state for what has none)');
  }

  persistent(id: unknown): unknown {
    const [kind, type, key, , elements, view] = id instanceof PickleTuple ? id.items : [];
    if (kind === 'module')
      throw new CheckpointFormatError(
        localize('it contains a whole Python module, not a state dict'),
        saveWeightsHint,
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
