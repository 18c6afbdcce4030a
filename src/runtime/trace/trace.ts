/**
 * Traces one computation into a graph.
 *
 * While a trace is active (see tracer.ts), each TensorFlow.js kernel adds nodes to it instead of computing values. Its
 * tensors refer to outputs of nodes.
 */
import type { OperationPointer, Output } from '../tensorflow/capi';
import { bytesPerElement, DType, dtypeName, elementCount } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import type { Attributes, Graph, NodeInput, NodeOptions } from '../tensorflow/graph';
import { parallelism, type ParallelismOptions } from '../machine/parallelism';
import { type RankSpec, SINGLE } from '../distributed/rankSpec';
import { EVALUATION_SHARDS } from '../../util/machineTuning';
import type { Precision } from '../../util/precision';

/** 16-bit types to which operands of matrix products are rounded, by precision. */
const NARROW: Partial<Record<Precision, DType>> = { bf16: DType.bfloat16, fp16: DType.float16 };

/** Ops whose float32 operands are rounded in the precisions bf16 and fp16. */
const MATRIX_PRODUCTS = new Set(['MatMul', 'BatchMatMulV2', '_FusedMatMul']);

/** Ops that move values without arithmetic: they work on 16-bit values as well. */
const MOVES = new Set(['Reshape', 'Unpack', 'ConcatV2']);

/** Constants up to this size are shared; larger ones of one repeated value become a Fill. */
const SMALL_CONSTANT_BYTES = 256;

/** What TensorFlow.js's Node backend stores for a tensor (`TensorMetadata` of tfjs-node). */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export interface TraceOptions extends ParallelismOptions {
  precision: Precision;
  rankSpec?: RankSpec;
  /** Traces a fixed number of shards on a CPU (`ProgramSpec.fixedShards`). */
  fixedShards?: boolean | undefined;
}

export class Trace {
  private readonly outputs = new Map<number, Output>();
  private readonly constantValues = new Map<number, NodeJS.TypedArray>();
  private readonly constants = new Map<string, Output>();
  private readonly casts = new Map<string, Output>();
  private readonly narrowSources = new Map<string, Output>();
  private control: readonly OperationPointer[] = [];
  /** Operations that run after `control`, because they or their inputs have its edges. */
  private afterControl = new Set<OperationPointer>();
  private generation = 0;
  private nextId = 1;

  constructor(
    readonly graph: Graph,
    private readonly options: TraceOptions,
  ) {}

  /** Whether control edges delay the nodes after them. XLA drops them. */
  get allowsCheckpointing(): boolean {
    return !this.options.xla;
  }

  /** Whether a program can be prepared without running it: XLA drops assertions, and a GPU has none. */
  get canBePrepared(): boolean {
    return this.device === 'cpu' && !this.options.xla && this.rankSpec.worldSize === 1;
  }

  /** Whether a matrix product and its bias become one op: such a kernel is on CPUs, for float32. */
  get fusesBias(): boolean {
    const { device, xla, precision } = this.options;
    return device === 'cpu' && !xla && NARROW[precision] === undefined;
  }

  get device(): 'cpu' | 'gpu' {
    return this.options.device;
  }

  /** Which process of a data parallel training this is. */
  get rankSpec(): RankSpec {
    return this.options.rankSpec ?? SINGLE;
  }

  /** Threads that one operation may use. */
  get intraOpThreads(): number {
    return parallelism(this.options).intraOpThreads;
  }

  /** Number of independent parts of a batch to trace (trace/shards.ts). */
  get shards(): number {
    const { fixedShards, device, xla } = this.options;
    return fixedShards && device === 'cpu' && !xla
      ? EVALUATION_SHARDS
      : parallelism(this.options).shards;
  }

  /** Adds a node, inside `after` with control edges from its operations. */
  add(
    type: string,
    inputs: readonly NodeInput[],
    attributes: Attributes = {},
    options: Pick<NodeOptions, 'device'> = {},
  ): Output[] {
    const operandType = attributes['T'];
    const narrow = NARROW[this.options.precision];
    if (
      narrow !== undefined &&
      MATRIX_PRODUCTS.has(type) &&
      operandType &&
      'type' in operandType &&
      operandType.type === DType.float32
    ) {
      const rounded = inputs.map((input) =>
        Array.isArray(input)
          ? (input as readonly Output[]).map((o) => this.rounded(o, narrow))
          : this.rounded(input as Output, narrow),
      );
      const typed = { ...attributes, T: { type: narrow } } as const;
      const [product] = this.addAfterControl(type, rounded, typed).outputs;
      return product ? [this.widened(product, narrow)] : [];
    }
    if (narrow !== undefined && operandType && MOVES.has(type)) {
      const data = this.narrowSourcesOf(inputs[0]);
      if (data !== undefined) {
        const moved = inputs.map((input, i) => (i === 0 ? data : input));
        const typed = { ...attributes, T: { type: narrow } } as const;
        const { outputs } = this.addAfterControl(type, moved, typed);
        return outputs.map((output) => this.widened(output, narrow));
      }
    }
    return this.addAfterControl(type, inputs, attributes, options).outputs;
  }

  /** Adds a node that runs after `control`. If one of its inputs already does, it needs no control edges. */
  private addAfterControl(
    type: string,
    inputs: readonly NodeInput[],
    attributes: Attributes,
    options: Pick<NodeOptions, 'device'> = {},
  ): { operation: OperationPointer; outputs: Output[] } {
    if (this.control.length === 0) return this.graph.add(type, inputs, attributes, options);
    const waits = inputs.flat().some((input) => this.afterControl.has(input.oper));
    const control = waits ? [] : this.control;
    const added = this.graph.add(type, inputs, attributes, { ...options, control });
    this.afterControl.add(added.operation);
    return added;
  }

  /** Adds a node with a side effect, such as an assignment. */
  effect(
    type: string,
    inputs: readonly NodeInput[],
    attributes: Attributes = {},
  ): OperationPointer {
    return this.addAfterControl(type, inputs, attributes).operation;
  }

  /** Adds a node with one output. */
  op(
    type: string,
    inputs: readonly NodeInput[],
    attributes: Attributes = {},
    options: Pick<NodeOptions, 'device'> = {},
  ): Output {
    const [output] = this.add(type, inputs, attributes, options);
    if (!output) throw new TraceError(`TensorFlow op ${type} has no output`);
    return output;
  }

  /**
   * Adds control edges from these operations to all nodes that `fn` adds. The nodes run after the operations, and graph
   * passes do not merge them with equal nodes that were added before.
   */
  after<T>(operations: readonly OperationPointer[], fn: () => T): T {
    const before = [this.control, this.generation] as const;
    const outer = this.afterControl;
    this.control = [...this.control, ...operations];
    this.afterControl = new Set();
    this.generation = ++this.generations;
    try {
      return fn();
    } finally {
      [this.control, this.generation] = before;
      for (const operation of this.afterControl) outer.add(operation);
      this.afterControl = outer;
    }
  }
  private generations = 0;

  /** Whether nodes get a control edge, as in the backward pass of a checkpointed block. */
  get isRecomputing(): boolean {
    return this.control.length > 0;
  }

  /** A constant node; equal small constants share one. */
  constant(shape: readonly number[], dtype: DType, values: NodeJS.TypedArray): Output {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    if (bytes.length <= SMALL_CONSTANT_BYTES) {
      const key = `${dtype}:${shape.join(',')}:${bytes.toString('latin1')}`;
      let output = this.constants.get(key);
      if (!output) {
        output = this.graph.constant(shape, dtype, values);
        this.constants.set(key, output);
      }
      return output;
    }
    const size = bytesPerElement(dtype);
    const repeated = bytes.subarray(size).equals(bytes.subarray(0, bytes.length - size));
    if (!repeated) return this.graph.constant(shape, dtype, values);
    const dims = this.constant([shape.length], DType.int32, Int32Array.from(shape));
    const value = this.constant([], dtype, values.subarray(0, 1));
    return this.op('Fill', [dims, value], {
      T: { type: dtype },
      index_type: { type: DType.int32 },
    });
  }

  cast(input: Output, from: DType, to: DType): Output {
    return this.op('Cast', [input], { SrcT: { type: from }, DstT: { type: to } });
  }

  /** The 16-bit value that a float32 output was widened from; both are equal. */
  narrowSourceOf(output: Output): Output | undefined {
    return this.narrowSources.get(keyOf(output));
  }

  /** Casts a 16-bit value to float32. Ops that would round the result use the 16-bit value, also after it was moved. */
  widened(output: Output, from: DType): Output {
    const wide = this.cast(output, from, DType.float32);
    this.narrowSources.set(keyOf(wide), output);
    return wide;
  }

  /**
   * A tensor's value as an operand of matrix products: rounded in the precisions bf16 and fp16. Later ops that move it move
   * half the bytes, and it is rounded once for all its uses.
   */
  asOperand(output: Output): Output {
    const narrow = NARROW[this.options.precision];
    if (narrow === undefined || this.narrowSourceOf(output)) return output;
    return this.widened(this.rounded(output, narrow), narrow);
  }

  private narrowSourcesOf(input: NodeInput | undefined): NodeInput | undefined {
    if (input === undefined) return undefined;
    if (!Array.isArray(input)) return this.narrowSourceOf(input as Output);
    const sources = (input as readonly Output[]).flatMap(
      (output) => this.narrowSourceOf(output) ?? [],
    );
    return sources.length === input.length ? sources : undefined;
  }

  /** Registers a node's output under an id for TensorFlow.js. */
  register(output: Output): TensorMetadata {
    const id = this.nextId++;
    this.outputs.set(id, output);
    return { id, shape: this.graph.shapeOf(output), dtype: this.graph.typeOf(output) };
  }

  /** Registers a constant that TensorFlow.js created; values of small constants stay readable. */
  registerConstant(
    shape: number[],
    dtype: number,
    values: NodeJS.TypedArray | unknown[],
  ): TensorMetadata {
    const typed = toTypedArray(dtype, values);
    if (typed.length !== elementCount(shape))
      throw new TraceError(`constant of shape [${shape.join(', ')}] has ${typed.length} values`);
    const symbol = this.register(this.constant(shape, dtype as DType, typed));
    if (typed.byteLength <= SMALL_CONSTANT_BYTES) this.constantValues.set(symbol.id, typed);
    return symbol;
  }

  output(id: number): Output {
    const output = this.outputs.get(id);
    if (!output)
      throw new TraceError(
        'a tensor was used outside the program that made it; pass values between programs as feeds',
      );
    return output;
  }

  /** Values of a small constant. @throws TraceError for other tensors, which have no values before the program runs */
  valuesOf(id: number): NodeJS.TypedArray {
    const values = this.constantValues.get(id);
    if (!values)
      throw new TraceError(
        'the value of a tensor was read while its computation was being traced. A program is traced once ' +
          'and run many times, so no value exists yet: use tensor operations, or return the tensor as an output',
      );
    return values;
  }

  forget(id: number): void {
    this.outputs.delete(id);
    this.constantValues.delete(id);
  }

  private rounded(output: Output, narrow: DType): Output {
    const type = this.graph.typeOf(output);
    if (type !== DType.float32) return output;
    const source = this.narrowSourceOf(output);
    if (source) return source;
    // All uses of a tensor share one rounded copy; a recomputed block makes its own.
    const key = `${keyOf(output)}:${this.isVariable(output) ? 0 : this.generation}`;
    let rounded = this.casts.get(key);
    if (!rounded) {
      rounded = this.isVariable(output)
        ? this.graph.op('Cast', [output], {
            SrcT: { type: DType.float32 },
            DstT: { type: narrow },
          })
        : this.cast(output, DType.float32, narrow);
      this.casts.set(key, rounded);
    }
    return rounded;
  }

  private readonly variableReads = new Set<OperationPointer>();

  /** Marks an output as a variable's value, which is the same everywhere in a step. */
  markVariable(output: Output): void {
    this.variableReads.add(output.oper);
  }

  private isVariable(output: Output): boolean {
    return this.variableReads.has(output.oper);
  }
}

const keyOf = ({ oper, index }: Output): string => `${oper}:${index}`;

function toTypedArray(dtype: number, values: NodeJS.TypedArray | unknown[]): NodeJS.TypedArray {
  switch (dtype) {
    case DType.float32:
      return values instanceof Float32Array ? values : Float32Array.from(values as number[]);
    case DType.int32:
      return values instanceof Int32Array ? values : Int32Array.from(values as number[]);
    case DType.bool:
      return values instanceof Uint8Array ? values : Uint8Array.from(values as number[]);
    default:
      throw new TraceError(`constants of type ${dtypeName(dtype)} are not supported`);
  }
}
