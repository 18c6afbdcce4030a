/**
 * Binds TensorFlow's C API (tensorflow/c/c_api.h) with koffi.
 *
 * Pointers are 64-bit integers with a branded type for what they point to, so that a graph cannot be passed as a session.
 * Code that creates a native object deletes it: nothing relies on finalizers.
 */
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import koffi from 'koffi';
import { RuntimeError, RuntimeUnusableError } from '../errors';
import { shareMallocArena, trimMalloc } from '../machine/processMemory';
import { localize } from '../../util/localize';

export type Pointer<Kind extends string> = bigint & { readonly pointee: Kind };
export type StatusPointer = Pointer<'TF_Status'>;
export type GraphPointer = Pointer<'TF_Graph'>;
export type OperationPointer = Pointer<'TF_Operation'>;
export type DescriptionPointer = Pointer<'TF_OperationDescription'>;
export type TensorPointer = Pointer<'TF_Tensor'>;
export type SessionPointer = Pointer<'TF_Session'>;
export type SessionOptionsPointer = Pointer<'TF_SessionOptions'>;
export type ServerPointer = Pointer<'TF_Server'>;
export type DeviceListPointer = Pointer<'TF_DeviceList'>;
export type BufferPointer = Pointer<'TF_Buffer'>;
export type MemoryPointer = Pointer<'memory'>;
export const NULL = 0n as MemoryPointer;

/** One output of an operation in a graph: `TF_Output`. */
export interface Output {
  readonly oper: OperationPointer;
  readonly index: number;
}

/** Size of `TF_Output` in an array: pointer, int, padding. */
export const OUTPUT_BYTES = 16;

const outputStruct = koffi.struct({ oper: 'void *', index: 'int' });

/** Memory that native code reads or writes: a native block, or a JavaScript array during the call. */
export type Memory = MemoryPointer | NodeJS.TypedArray;

interface Signatures {
  Version(): string;
  NewStatus(): StatusPointer;
  DeleteStatus(status: StatusPointer): void;
  GetCode(status: StatusPointer): number;
  Message(status: StatusPointer): string;
  NewGraph(): GraphPointer;
  DeleteGraph(graph: GraphPointer): void;
  GraphToGraphDef(graph: GraphPointer, definition: BufferPointer, status: StatusPointer): void;
  NewOperation(graph: GraphPointer, type: string, name: string): DescriptionPointer;
  AddInput(description: DescriptionPointer, input: Output): void;
  AddInputList(description: DescriptionPointer, inputs: Memory, count: number): void;
  AddControlInput(description: DescriptionPointer, input: OperationPointer): void;
  SetDevice(description: DescriptionPointer, device: string): void;
  SetAttrType(description: DescriptionPointer, name: string, value: number): void;
  SetAttrTypeList(description: DescriptionPointer, name: string, values: Memory, n: number): void;
  SetAttrInt(description: DescriptionPointer, name: string, value: bigint): void;
  SetAttrIntList(description: DescriptionPointer, name: string, values: Memory, n: number): void;
  SetAttrBool(description: DescriptionPointer, name: string, value: number): void;
  SetAttrFloat(description: DescriptionPointer, name: string, value: number): void;
  SetAttrString(description: DescriptionPointer, name: string, value: Memory, size: number): void;
  SetAttrShape(description: DescriptionPointer, name: string, dims: Memory, rank: number): void;
  /** @param value a serialized `AttrValue` */
  SetAttrValueProto(
    description: DescriptionPointer,
    name: string,
    value: Uint8Array,
    size: number,
    status: StatusPointer,
  ): void;
  SetAttrTensor(
    description: DescriptionPointer,
    name: string,
    tensor: TensorPointer,
    status: StatusPointer,
  ): void;
  FinishOperation(description: DescriptionPointer, status: StatusPointer): OperationPointer;
  OperationNumOutputs(operation: OperationPointer): number;
  OperationOutputType(output: Output): number;
  GraphGetTensorNumDims(graph: GraphPointer, output: Output, status: StatusPointer): number;
  GraphGetTensorShape(
    graph: GraphPointer,
    output: Output,
    dims: Memory,
    rank: number,
    status: StatusPointer,
  ): void;
  AllocateTensor(dtype: number, dims: Memory, rank: number, bytes: number): TensorPointer;
  DeleteTensor(tensor: TensorPointer): void;
  TensorData(tensor: TensorPointer): MemoryPointer;
  TensorByteSize(tensor: TensorPointer): number;
  TensorType(tensor: TensorPointer): number;
  NewSessionOptions(): SessionOptionsPointer;
  DeleteSessionOptions(options: SessionOptionsPointer): void;
  SetTarget(options: SessionOptionsPointer, target: string): void;
  SetConfig(
    options: SessionOptionsPointer,
    proto: Memory,
    size: number,
    status: StatusPointer,
  ): void;
  NewSession(
    graph: GraphPointer,
    options: SessionOptionsPointer,
    status: StatusPointer,
  ): SessionPointer;
  CloseSession(session: SessionPointer, status: StatusPointer): void;
  DeleteSession(session: SessionPointer, status: StatusPointer): void;
  NewBuffer(): BufferPointer;
  NewBufferFromString(bytes: Memory, size: number): BufferPointer;
  DeleteBuffer(buffer: BufferPointer): void;
  SessionRun(
    session: SessionPointer,
    runOptions: BufferPointer | typeof NULL,
    inputs: Memory,
    inputValues: Memory,
    inputCount: number,
    outputs: Memory,
    outputValues: Memory,
    outputCount: number,
    targets: Memory,
    targetCount: number,
    runMetadata: BufferPointer | typeof NULL,
    status: StatusPointer,
  ): void;
  SessionListDevices(session: SessionPointer, status: StatusPointer): DeviceListPointer;
  DeleteDeviceList(list: DeviceListPointer): void;
  DeviceListCount(list: DeviceListPointer): number;
  DeviceListType(list: DeviceListPointer, index: number, status: StatusPointer): string;
  NewServer(definition: Memory, size: number, status: StatusPointer): ServerPointer;
  ServerStart(server: ServerPointer, status: StatusPointer): void;
  ServerTarget(server: ServerPointer): string;
}

/** Result and argument types of each function, as koffi names them. All pointers are `void *`. */
const DECLARATIONS: Record<keyof Signatures, [string, (string | typeof outputStruct)[]]> = {
  Version: ['str', []],
  NewStatus: ['void *', []],
  DeleteStatus: ['void', ['void *']],
  GetCode: ['int', ['void *']],
  Message: ['str', ['void *']],
  NewGraph: ['void *', []],
  DeleteGraph: ['void', ['void *']],
  NewOperation: ['void *', ['void *', 'str', 'str']],
  AddInput: ['void', ['void *', outputStruct]],
  AddInputList: ['void', ['void *', 'void *', 'int']],
  AddControlInput: ['void', ['void *', 'void *']],
  SetDevice: ['void', ['void *', 'str']],
  SetAttrType: ['void', ['void *', 'str', 'int']],
  SetAttrTypeList: ['void', ['void *', 'str', 'void *', 'int']],
  SetAttrInt: ['void', ['void *', 'str', 'int64']],
  SetAttrIntList: ['void', ['void *', 'str', 'void *', 'int']],
  SetAttrBool: ['void', ['void *', 'str', 'uchar']],
  SetAttrFloat: ['void', ['void *', 'str', 'float']],
  SetAttrString: ['void', ['void *', 'str', 'void *', 'size_t']],
  SetAttrShape: ['void', ['void *', 'str', 'void *', 'int']],
  SetAttrValueProto: ['void', ['void *', 'str', 'void *', 'size_t', 'void *']],
  SetAttrTensor: ['void', ['void *', 'str', 'void *', 'void *']],
  FinishOperation: ['void *', ['void *', 'void *']],
  OperationNumOutputs: ['int', ['void *']],
  OperationOutputType: ['int', [outputStruct]],
  GraphGetTensorNumDims: ['int', ['void *', outputStruct, 'void *']],
  GraphGetTensorShape: ['void', ['void *', outputStruct, 'void *', 'int', 'void *']],
  AllocateTensor: ['void *', ['int', 'void *', 'int', 'size_t']],
  DeleteTensor: ['void', ['void *']],
  TensorData: ['void *', ['void *']],
  TensorByteSize: ['size_t', ['void *']],
  TensorType: ['int', ['void *']],
  GraphToGraphDef: ['void', ['void *', 'void *', 'void *']],
  NewSessionOptions: ['void *', []],
  DeleteSessionOptions: ['void', ['void *']],
  SetTarget: ['void', ['void *', 'str']],
  SetConfig: ['void', ['void *', 'void *', 'size_t', 'void *']],
  NewSession: ['void *', ['void *', 'void *', 'void *']],
  CloseSession: ['void', ['void *', 'void *']],
  DeleteSession: ['void', ['void *', 'void *']],
  NewBuffer: ['void *', []],
  NewBufferFromString: ['void *', ['void *', 'size_t']],
  DeleteBuffer: ['void', ['void *']],
  SessionRun: [
    'void',
    [
      'void *',
      'void *',
      'void *',
      'void *',
      'int',
      'void *',
      'void *',
      'int',
      'void *',
      'int',
      'void *',
      'void *',
    ],
  ],
  SessionListDevices: ['void *', ['void *', 'void *']],
  DeleteDeviceList: ['void', ['void *']],
  DeviceListCount: ['int', ['void *']],
  DeviceListType: ['str', ['void *', 'int', 'void *']],
  NewServer: ['void *', ['void *', 'size_t', 'void *']],
  ServerStart: ['void', ['void *', 'void *']],
  ServerTarget: ['str', ['void *']],
};

/** Functions of the C library that the runtime calls. */
interface Libc {
  memcpy(to: Memory, from: Memory | BufferPointer, bytes: number): bigint;
  malloc(bytes: number): MemoryPointer;
  free(memory: MemoryPointer): void;
}

/** The bound functions, without their `TF_` prefix, and asynchronous variants of those that take long. */
export interface Capi extends Signatures, Libc {
  readonly version: string;
  /** Returns free memory of malloc to the system, such as that of graph passes and kernel creation. */
  releaseMemory(): void;
  /** Whether GPUs may round operands of float32 products to tf32, in the whole process; undefined if the build hides the switch. */
  readonly tf32: { allow(allowed: boolean): void; isAllowed(): boolean } | undefined;
  NewSessionAsync: AsyncOf<Signatures['NewSession']>;
  SessionRunAsync: AsyncOf<Signatures['SessionRun']>;
}

type AsyncOf<F> = F extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Result>
  : never;

const MiB = 1024 * 1024;
const RTLD_LAZY = 1;
let loaded: { path: string; capi: Promise<Capi> } | undefined;
let libcHandle: ReturnType<typeof koffi.load> | undefined;

/** The C library of this process. */
export function loadLibc(): ReturnType<typeof koffi.load> {
  if (!libcHandle) {
    // TensorFlow's graph passes recurse deeply; koffi's default stack for asynchronous calls is 128 KiB.
    // The settings must be made before koffi loads its first library.
    koffi.config({
      sync_stack_size: 16 * MiB,
      async_stack_size: 16 * MiB,
      async_heap_size: MiB,
      resident_async_pools: 1,
      max_async_calls: 64,
    });
    libcHandle = koffi.load(null);
    shareMallocArena(libcHandle);
  }
  return libcHandle;
}

/**
 * Loads TensorFlow's library, once per process. Mapping 800 MB takes seconds, so it is done on another thread.
 *
 * @param path the file `libtensorflow_cc.so.2` (`libtensorflow_cc.2.dylib`)
 * @throws RuntimeUnusableError when the file is not a TensorFlow library for this machine
 */
export function loadCapi(path: string): Promise<Capi> {
  if (loaded && loaded.path !== path)
    throw new RuntimeError(
      localize(
        'TensorFlow was loaded from {0}; one process cannot also use {1}',
        loaded.path,
        path,
      ),
    );
  loaded ??= { path, capi: bindFunctions(path) };
  return loaded.capi;
}

async function bindFunctions(path: string): Promise<Capi> {
  if (!existsSync(path)) throw new RuntimeUnusableError(localize('{0} does not exist', path));
  const libc = loadLibc();
  const dlopen = libc.func('dlopen', 'void *', ['str', 'int']);
  const open = promisify(dlopen.async) as unknown as (p: string, flags: number) => Promise<bigint>;
  // The handle is not kept: the library stays mapped until the process ends, which koffi relies on too.
  await open(path, RTLD_LAZY);
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load(path, { lazy: true });
  } catch (error) {
    throw new RuntimeUnusableError(
      localize(
        '{0} cannot be loaded: {1}',
        path,
        error instanceof Error ? error.message : String(error),
      ),
      { cause: error },
    );
  }
  const functions = {} as Record<string, unknown>;
  for (const [name, [result, args]] of Object.entries(DECLARATIONS)) {
    try {
      functions[name] = library.func(`TF_${name}`, result, args);
    } catch (error) {
      throw new RuntimeUnusableError(
        localize('{0} has no TF_{1}: it is not a usable TensorFlow', path, name),
        {
          cause: error,
        },
      );
    }
  }
  const bound = functions as unknown as Signatures;
  const asynchronous = (name: 'NewSession' | 'SessionRun'): unknown =>
    promisify((functions[name] as { async: (...args: unknown[]) => void }).async);
  return {
    ...bound,
    NewSessionAsync: asynchronous('NewSession') as Capi['NewSessionAsync'],
    SessionRunAsync: asynchronous('SessionRun') as Capi['SessionRunAsync'],
    ...bindLibc(libc),
    releaseMemory: () => trimMalloc(libc),
    tf32: bindTf32(library),
    version: bound.Version(),
  };
}

/** Binds TensorFlow's switch for tf32, which is not in the C API: two C++ functions with C's calling convention. */
function bindTf32(library: ReturnType<typeof koffi.load>): Capi['tf32'] {
  try {
    return {
      allow: library.func('_ZN3tsl32enable_tensor_float_32_executionEb', 'void', ['bool']) as (
        allowed: boolean,
      ) => void,
      isAllowed: library.func(
        '_ZN3tsl33tensor_float_32_execution_enabledEv',
        'bool',
        [],
      ) as () => boolean,
    };
  } catch {
    // The build hides them: NVIDIA's environment variable still applies to its libraries.
    return undefined;
  }
}

function bindLibc(libc: ReturnType<typeof koffi.load>): Libc {
  return {
    memcpy: libc.func('memcpy', 'void *', ['void *', 'void *', 'size_t']) as Libc['memcpy'],
    malloc: libc.func('malloc', 'void *', ['size_t']) as Libc['malloc'],
    free: libc.func('free', 'void', ['void *']) as Libc['free'],
  };
}
