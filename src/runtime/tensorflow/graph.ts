/** Builds TensorFlow graphs node by node. */
import {
  type Capi,
  type DescriptionPointer,
  type GraphPointer,
  NULL,
  type OperationPointer,
  type Output,
  OUTPUT_BYTES,
} from './capi';
import { DType } from './dtypes';
import { RuntimeError, TraceError } from '../errors';
import { bytesOf } from './nativeBuffer';
import { bytesField } from './protobuf';
import { createTensor } from './nativeTensor';
import { Status } from './status';

/** The value of a node's attribute, with its kind as in TensorFlow's op definitions. */
export type Attribute =
  | { type: DType }
  | { types: readonly DType[] }
  | { int: number }
  | { ints: readonly number[] }
  | { bool: boolean }
  | { float: number }
  | { string: string }
  | { strings: readonly string[] }
  | { shape: readonly number[] }
  | { tensor: { shape: readonly number[]; dtype: DType; values: NodeJS.TypedArray } };

export type Attributes = Record<string, Attribute>;

export interface NodeOptions {
  /** Operations that run before this one. */
  control?: readonly OperationPointer[];
  device?: string;
  /** Prefix of the node's name; a number is appended. */
  name?: string;
}

/** Digits of a node's number, padded so that names sort in the order of tracing. */
const NUMBER_DIGITS = 7;

/** Fields of tensorflow/core/framework/attr_value.proto: `list` of AttrValue, `s` of its ListValue. */
const AttrValue = { list: 1, strings: 2 } as const;

/** An input of a node: an output, or a list of outputs for ops that take a list. */
export type NodeInput = Output | readonly Output[];

export class Graph {
  readonly native: GraphPointer;
  private readonly status: Status;
  private scope = '';
  private readonly scopes = new Map<string, number>();
  private count = 0;

  /** @param device default device of nodes; undefined: TensorFlow chooses. */
  constructor(
    private readonly capi: Capi,
    private readonly device?: string,
  ) {
    this.native = capi.NewGraph();
    this.status = new Status(capi);
  }

  /**
   * Gives the nodes that `fn` adds a new name prefix, with numbers from 0.
   *
   * TensorFlow's graph passes order the inputs of sums by the names of their nodes, which affects the last bit of a sum. So
   * names must depend only on the traced computation, not on what the session traced before.
   */
  inScope<T>(name: string, fn: () => T): T {
    const before = [this.scope, this.count] as const;
    const uses = (this.scopes.get(name) ?? 0) + 1;
    this.scopes.set(name, uses);
    this.scope = `${validName(uses === 1 ? name : `${name}.${uses}`)}/`;
    this.count = 0;
    try {
      return fn();
    } finally {
      [this.scope, this.count] = before;
    }
  }

  /**
   * Adds a node.
   *
   * @returns the operation and its outputs
   * @throws TraceError naming the op, when it is unknown to TensorFlow or its inputs are invalid
   */
  add(
    type: string,
    inputs: readonly NodeInput[],
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): { operation: OperationPointer; outputs: Output[] } {
    const { capi } = this;
    const number = String(this.count++).padStart(NUMBER_DIGITS, '0');
    const name = `${this.scope}${validName(options.name ?? type)}_${number}`;
    const description = capi.NewOperation(this.native, type, name);
    const device = options.device ?? this.device;
    if (device !== undefined) capi.SetDevice(description, device);
    for (const input of inputs) {
      if (isList(input)) capi.AddInputList(description, packOutputs(input), input.length);
      else capi.AddInput(description, input);
    }
    for (const operation of options.control ?? []) capi.AddControlInput(description, operation);
    for (const [key, value] of Object.entries(attributes))
      this.setAttribute(description, key, value);
    const operation = capi.FinishOperation(description, this.status.native);
    try {
      this.status.check(`TensorFlow op ${type}`);
    } catch (error) {
      throw error instanceof RuntimeError ? new TraceError(error.message, { cause: error }) : error;
    }
    const outputs: Output[] = [];
    const outputCount = capi.OperationNumOutputs(operation);
    for (let index = 0; index < outputCount; index++) outputs.push({ oper: operation, index });
    return { operation, outputs };
  }

  /** Adds a node with one output. */
  op(
    type: string,
    inputs: readonly NodeInput[],
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): Output {
    const [output] = this.add(type, inputs, attributes, options).outputs;
    if (!output) throw new TraceError(`TensorFlow op ${type} has no output`);
    return output;
  }

  constant(shape: readonly number[], dtype: DType, values: NodeJS.TypedArray): Output {
    return this.op('Const', [], {
      dtype: { type: dtype },
      value: { tensor: { shape, dtype, values } },
    });
  }

  scalar(value: number, dtype: DType = DType.float32): Output {
    return this.constant(
      [],
      dtype,
      dtype === DType.float32 ? Float32Array.of(value) : Int32Array.of(value),
    );
  }

  /** Shape of an output, as inferred by TensorFlow. @throws TraceError when a size depends on values. */
  shapeOf(output: Output): number[] {
    const rank = this.capi.GraphGetTensorNumDims(this.native, output, this.status.native);
    this.status.check('shape');
    if (rank === 0) return [];
    const dims = new BigInt64Array(Math.max(rank, 0));
    if (rank > 0) {
      this.capi.GraphGetTensorShape(this.native, output, dims, rank, this.status.native);
      this.status.check('shape');
    }
    if (rank < 0 || dims.some((size) => size < 0n))
      throw new TraceError(
        'an op whose output shape depends on values cannot be traced: shapes are static',
      );
    return Array.from(dims, Number);
  }

  typeOf(output: Output): DType {
    return this.capi.OperationOutputType(output) as DType;
  }

  /** The graph as a serialized `GraphDef` (tensorflow/core/framework/graph.proto). */
  definition(): Uint8Array {
    const buffer = this.capi.NewBuffer();
    try {
      this.capi.GraphToGraphDef(this.native, buffer, this.status.native);
      this.status.check('graph definition');
      return bytesOf(this.capi, buffer);
    } finally {
      this.capi.DeleteBuffer(buffer);
    }
  }

  dispose(): void {
    this.capi.DeleteGraph(this.native);
    this.status.dispose();
  }

  private setAttribute(description: DescriptionPointer, name: string, value: Attribute): void {
    const { capi } = this;
    if ('type' in value) capi.SetAttrType(description, name, value.type);
    else if ('types' in value)
      capi.SetAttrTypeList(description, name, Int32Array.from(value.types), value.types.length);
    else if ('int' in value) capi.SetAttrInt(description, name, BigInt(value.int));
    else if ('ints' in value)
      capi.SetAttrIntList(
        description,
        name,
        BigInt64Array.from(value.ints, BigInt),
        value.ints.length,
      );
    else if ('bool' in value) capi.SetAttrBool(description, name, value.bool ? 1 : 0);
    else if ('float' in value) capi.SetAttrFloat(description, name, value.float);
    else if ('string' in value) {
      const bytes = Buffer.from(value.string, 'utf8');
      capi.SetAttrString(description, name, bytes.length > 0 ? bytes : NULL, bytes.length);
    } else if ('strings' in value) {
      const list = value.strings.flatMap((text) => bytesField(AttrValue.strings, text));
      const bytes = Uint8Array.from(bytesField(AttrValue.list, list));
      capi.SetAttrValueProto(description, name, bytes, bytes.length, this.status.native);
      this.status.check(`attribute ${name}`);
    } else if ('shape' in value)
      capi.SetAttrShape(
        description,
        name,
        BigInt64Array.from(value.shape, BigInt),
        value.shape.length,
      );
    else {
      const { shape, dtype, values } = value.tensor;
      const tensor = createTensor(capi, shape, dtype, values);
      capi.SetAttrTensor(description, name, tensor, this.status.native);
      capi.DeleteTensor(tensor);
      this.status.check(`attribute ${name}`);
    }
  }
}

/** Replaces characters that TensorFlow does not allow in names of nodes. */
function validName(name: string): string {
  return name.replace(/[^A-Za-z0-9_./-]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n$&');
}

function isList(input: NodeInput): input is readonly Output[] {
  return Array.isArray(input);
}

/** `TF_Output[]` as bytes. */
export function packOutputs(outputs: readonly Output[]): Uint8Array {
  const bytes = Buffer.alloc(outputs.length * OUTPUT_BYTES);
  outputs.forEach(({ oper, index }, i) => {
    bytes.writeBigUInt64LE(oper, i * OUTPUT_BYTES);
    bytes.writeInt32LE(index, i * OUTPUT_BYTES + 8);
  });
  return bytes;
}
