/**
 * Traces TensorFlow.js operations into a TensorFlow graph.
 *
 * `@tensorflow/tfjs-node-gpu` turns every TensorFlow.js kernel into `binding.executeOp(op, attributes, inputs)`. Its native
 * binding computes immediately; the binding below adds a node to the active trace. So model code written with `tf.*`, and
 * the gradients that TensorFlow.js derives from it, become one TensorFlow graph.
 */
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import '@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js';
import type { Output } from '../tensorflow/capi';
import { DType } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import { transposesAsIntegers } from '../../util/machineTuning';
import type { Attribute, Attributes, NodeInput } from '../tensorflow/graph';
import type { TensorMetadata, Trace } from './trace';

const BACKEND = 'tensorflow';

/** Attribute kinds of `TFEOpAttr`, by their numbers in tfjs-node's native binding. */
const ATTRIBUTE_KINDS = ['string', 'int', 'float', 'bool', 'type', 'shape'] as const;

interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** Private methods of NodeJSKernelBackend. */
interface Backend {
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(symbol: TensorMetadata): tf.Tensor;
}

let active: Trace | undefined;
let backend: Backend | undefined;

/** The active trace. @throws TraceError when there is none */
export function currentTrace(): Trace {
  if (!active)
    throw new TraceError('tensors exist only while a program is traced (Session.compile)');
  return active;
}

const binding = {
  TF_FLOAT: DType.float32,
  TF_INT32: DType.int32,
  TF_INT64: DType.int64,
  TF_BOOL: DType.bool,
  TF_COMPLEX64: DType.complex64,
  TF_STRING: DType.string,
  TF_RESOURCE: DType.resource,
  TF_UINT8: DType.uint8,
  TF_ATTR_STRING: 0,
  TF_ATTR_INT: 1,
  TF_ATTR_FLOAT: 2,
  TF_ATTR_BOOL: 3,
  TF_ATTR_TYPE: 4,
  TF_ATTR_SHAPE: 5,
  TF_ATTR_RESOURCE: 11,
  isUsingGpuDevice: () => false,
  createTensor: (shape: number[], dtype: number, values: NodeJS.TypedArray) =>
    currentTrace().registerConstant(shape, dtype, values).id,
  deleteTensor: (id: number) => active?.forget(id),
  tensorDataSync: (id: number) => currentTrace().valuesOf(id),
  executeOp(
    name: string,
    attributes: OpAttribute[],
    ids: number[],
    count: number,
  ): TensorMetadata[] {
    const trace = currentTrace();
    const inputs = ids.map((id) => trace.output(id));
    const converted: Attributes = {};
    let listLength: number | undefined;
    for (const attribute of attributes) {
      if (attribute.name === 'N') listLength = attribute.value as number;
      else converted[attribute.name] = convertAttribute(name, attribute);
    }
    // TensorFlow infers N from the list itself, which comes first in every op that has one.
    const grouped: NodeInput[] =
      listLength === undefined
        ? inputs
        : [inputs.slice(0, listLength), ...inputs.slice(listLength)];
    return trace
      .add(name, grouped, converted)
      .slice(0, count)
      .map((output) => trace.register(output));
  },
};

function convertAttribute(op: string, { name, type, value }: OpAttribute): Attribute {
  switch (ATTRIBUTE_KINDS[type]) {
    case 'string':
      return { string: value as string };
    case 'int':
      return Array.isArray(value) ? { ints: value as number[] } : { int: value as number };
    case 'float':
      return { float: value as number };
    case 'bool':
      return { bool: value as boolean };
    case 'type':
      return { type: value as DType };
    case 'shape':
      return { shape: value as number[] };
    default:
      throw new TraceError(`attribute ${name} of TensorFlow op ${op} is of an unknown kind`);
  }
}

/** Registers the tracing backend with TensorFlow.js. Further calls do nothing. */
function install(): Backend {
  if (backend) return backend;
  // tfjs-node still calls these functions of `util`: Node 23 removed the first, Node 22 deprecates the second (DEP0044).
  const legacy = util as unknown as Record<string, unknown>;
  legacy['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  legacy['isArray'] = Array.isArray;
  tf.registerBackend(
    BACKEND,
    () => new NodeJSKernelBackend(binding as never, '@tensorflow/tfjs-node-gpu'),
    3,
  );
  replaceGather();
  replaceTranspose();
  // Resolves immediately: the factory is synchronous.
  void tf.setBackend(BACKEND);
  backend = tf.backend() as unknown as Backend;
  return backend;
}

/** Replaces tfjs-node's gather, which checks the index values in JavaScript: they are unknown while tracing. */
function replaceGather(): void {
  tf.unregisterKernel(tf.GatherV2, BACKEND);
  tf.registerKernel({
    kernelName: tf.GatherV2,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const { axis, batchDims } = attrs as unknown as tf.GatherV2Attrs;
      const x = inputs['x'] as tf.TensorInfo;
      const indices = inputs['indices'] as tf.TensorInfo;
      return rawOp('GatherV2', [x, indices, tf.scalar(axis, 'int32')], {
        batch_dims: { int: batchDims },
        Tparams: { type: toDType(x.dtype) },
        Tindices: { type: toDType(indices.dtype) },
        Taxis: { type: DType.int32 },
      });
    },
  });
}

/** Replaces tfjs-node's transpose by one that moves floats as unsigned integers where that is faster (`transposesAsIntegers`). */
function replaceTranspose(): void {
  tf.unregisterKernel(tf.Transpose, BACKEND);
  tf.registerKernel({
    kernelName: tf.Transpose,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const x = inputs['x'] as tf.TensorInfo;
      const { perm } = attrs as unknown as tf.TransposeAttrs;
      const order = outputOf(tf.tensor1d(perm, 'int32'));
      const transposed = (value: Output, type: DType): Output =>
        currentTrace().op('Transpose', [value, order], {
          T: { type },
          Tperm: { type: DType.int32 },
        });
      const { float32, uint32, uint16 } = DType;
      const trace = currentTrace();
      const { device, intraOpThreads } = trace;
      const source = trace.narrowSourceOf(outputOf(x));
      if (source) {
        const type = trace.graph.typeOf(source);
        const moved = transposesAsIntegers(device, intraOpThreads)
          ? bitcast(transposed(bitcast(source, type, uint16), uint16), uint16, type)
          : transposed(source, type);
        return tensorOf(trace.widened(moved, type));
      }
      return x.dtype === 'float32' && transposesAsIntegers(device, intraOpThreads)
        ? tensorOf(
            bitcast(transposed(bitcast(outputOf(x), float32, uint32), uint32), uint32, float32),
          )
        : tensorOf(transposed(outputOf(x), toDType(x.dtype)));
    },
  });
}

/** Reinterprets the bits as another type of the same size. */
function bitcast(x: Output, from: DType, to: DType): Output {
  return currentTrace().op('Bitcast', [x], { T: { type: from }, type: { type: to } });
}

/** TensorFlow's element type of a TensorFlow.js tensor. */
function toDType(dtype: tf.DataType): DType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return DType[dtype];
  throw new TraceError(`tensors of type ${dtype} are not supported`);
}

/**
 * Makes a trace active while `fn` runs: TensorFlow.js operations inside it add nodes.
 * Its tensors are disposed of afterward; `Output`s stay valid.
 */
export function withTrace<T>(trace: Trace, fn: () => T): T {
  if (active) throw new TraceError('a program cannot be compiled while another is being traced');
  install();
  active = trace;
  const engine = tf.engine();
  engine.startScope('trace');
  try {
    return fn();
  } catch (error) {
    throw explain(error);
  } finally {
    try {
      engine.endScope();
    } finally {
      active = undefined;
    }
  }
}

/** Converts TensorFlow.js's errors about missing kernels and gradients to trace errors. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const kernel = /Kernel '(\w+)' not registered/.exec(error.message)?.[1];
  if (kernel)
    return new TraceError(`TensorFlow.js kernel ${kernel} has no TensorFlow implementation here`, {
      cause: error,
    });
  const gradient = /gradient function not found for (\w+)/.exec(error.message)?.[1];
  if (gradient)
    return new TraceError(`TensorFlow.js has no gradient for ${gradient}`, { cause: error });
  return error;
}

/** The graph output that a tensor refers to. */
export function outputOf(tensor: tf.TensorInfo): Output {
  const [id] = install().getInputTensorIds([tensor]);
  return currentTrace().output(id ?? -1);
}

/** A new tensor that refers to a graph output. */
export function tensorOf(output: Output): tf.Tensor {
  return install().createOutputTensor(currentTrace().register(output));
}

/** Rounds a tensor as an operand of matrix products (`Trace.asOperand`). The result is not on the gradient tape. */
export function asOperand(tensor: tf.Tensor): tf.Tensor {
  return tensorOf(currentTrace().asOperand(outputOf(tensor)));
}

/** Widens a tensor of rounded values to float32 only after `dy` exists, so that until then only the 16-bit values are kept. */
export function widenAfter(tensor: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const trace = currentTrace();
  const source = trace.narrowSourceOf(outputOf(tensor));
  if (!source) return tensor;
  const { oper } = outputOf(dy);
  return tensorOf(trace.after([oper], () => trace.widened(source, trace.graph.typeOf(source))));
}

/**
 * Multiplies a tensor by a number. A bfloat16 value times a power of two is exact, so widened bfloat16 values are multiplied
 * with 16 bits. The result is not on the gradient tape.
 */
export function scaledBy(tensor: tf.Tensor, factor: number): tf.Tensor {
  const trace = currentTrace();
  const source = trace.narrowSourceOf(outputOf(tensor));
  const type = source && trace.graph.typeOf(source);
  if (!source || type !== DType.bfloat16 || !Number.isInteger(Math.log2(factor)))
    return tf.mul(tensor, factor);
  // bfloat16 is the upper half of float32, and a power of two needs no more.
  const upperHalf = new Uint32Array(Float32Array.of(factor).buffer)[0] >>> 16;
  const scale = trace.constant([], type, Uint16Array.of(upperHalf));
  return tensorOf(trace.widened(trace.op('Mul', [source, scale], { T: { type } }), type));
}

/**
 * Adds any TensorFlow op by name. The result is not on the gradient tape: use it inside `tf.customGrad`, or where no
 * gradient is needed.
 *
 * @returns the op's first output
 */
export function rawOp(
  op: string,
  inputs: readonly (tf.TensorInfo | readonly tf.TensorInfo[])[],
  attributes: Attributes = {},
): tf.Tensor {
  const [first] = rawOps(op, inputs, attributes);
  if (!first) throw new TraceError(`TensorFlow op ${op} has no output`);
  return first;
}

/** `rawOp` with all of the op's outputs. */
export function rawOps(
  op: string,
  inputs: readonly (tf.TensorInfo | readonly tf.TensorInfo[])[],
  attributes: Attributes = {},
): tf.Tensor[] {
  const outputs = inputs.map((input) =>
    isList(input) ? input.map((tensor) => outputOf(tensor)) : outputOf(input),
  );
  return currentTrace().add(op, outputs, attributes).map(tensorOf);
}

function isList<T>(input: T | readonly T[]): input is readonly T[] {
  return Array.isArray(input);
}
