/** Programs: computations that are traced once and run many times, as `tf.function`. */
import type * as tf from '@tensorflow/tfjs';
import type { Capi, OperationPointer, Output, TensorPointer } from '../tensorflow/capi';
import { DType, elementCount, type FeedDType } from '../tensorflow/dtypes';
import { RuntimeError, TraceError } from '../errors';
import type { Graph } from '../tensorflow/graph';
import type { NativeSession, Run } from '../tensorflow/nativeSession';
import { createTensor, readTensor } from '../tensorflow/nativeTensor';
import type { RankSpec } from '../distributed/rankSpec';
import type { Trace } from './trace';
import { decodeStepStats, type OpTiming } from '../tensorflow/stepStats';
import { outputOf, tensorOf, withTrace } from './tracer';
import type { Variables } from '../variables';

export interface InputSpec {
  /** Static: a program is compiled for each shape. */
  shape: readonly number[];
  /** `uint8` becomes float32 0…255 in `build`: bytes are cheap to feed, but TensorFlow.js has no such type. */
  dtype: FeedDType;
}

export type Inputs = Record<string, tf.Tensor>;
export type FeedValue = Float32Array | Int32Array | Uint8Array | number;
export type Feeds = Record<string, FeedValue>;
export type Values = Record<string, Float32Array | Int32Array | Uint8Array>;

export interface ProgramSpec {
  /** For error messages. */
  name: string;
  inputs: Record<string, InputSpec>;
  /**
   * Traces a fixed number of shards on a CPU instead of the session's. The last bit of a row of a matrix product may depend
   * on the number of rows: with fixed shards, results are the same whether the session is sharded or not, as long as an
   * operation has one thread.
   */
  fixedShards?: boolean;
  /** Traces the computation; called once. Returns the outputs by name. */
  build(inputs: Inputs, scope: Scope): Record<string, tf.Tensor>;
}

/** Access to the session's variables while a program is traced. */
export class Scope {
  private readonly reads = new Map<string, { tensor: tf.Tensor; output: Output }>();
  private readonly assignments: { name: string; value: Output }[] = [];
  private readonly effects: (() => OperationPointer)[] = [];

  constructor(
    readonly trace: Trace,
    private readonly variables: Variables,
  ) {}

  /** Which process of a data parallel training traces this. */
  get rankSpec(): RankSpec {
    return this.trace.rankSpec;
  }

  /** A variable's value at the beginning of the run, as a tensor; all calls return the same tensor. */
  param(name: string): tf.Tensor {
    let read = this.reads.get(name);
    if (!read) {
      const output = this.trace.graph.op('ReadVariableOp', [this.variables.get(name).handle], {
        dtype: { type: DType.float32 },
      });
      this.trace.markVariable(output);
      const tensor = tensorOf(output);
      // The first call may be inside a tidy() of TensorFlow.js, which must not dispose of it.
      tensor.kept = true;
      read = { tensor, output };
      this.reads.set(name, read);
    }
    return read.tensor;
  }

  /** Assigns a value to a variable after the program has read its old value. */
  assign(name: string, value: tf.Tensor): void {
    const { shape } = this.variables.get(name);
    if (shape.join() !== value.shape.join())
      throw new TraceError(
        `variable ${name} has shape [${shape.join(', ')}], the new value [${value.shape.join(', ')}]`,
      );
    this.assignments.push({ name, value: outputOf(value) });
  }

  /** Handle of a variable, for ops that update it in place. */
  handle(name: string): Output {
    return this.variables.get(name).handle;
  }

  /** Registers nodes with side effects, which run after all reads of variables. */
  effect(fn: () => OperationPointer): void {
    this.effects.push(fn);
  }

  /**
   * Adds assignments and effects, with control edges from all reads.
   *
   * @param gate a further operation that runs before them
   * @internal
   */
  finish(gate?: OperationPointer): OperationPointer[] {
    const { graph } = this.trace;
    const control = [...this.reads.values()].map(({ output }) => output.oper);
    if (gate !== undefined) control.push(gate);
    const barrier = graph.add('NoOp', [], {}, { control }).operation;
    return this.trace.after([barrier], () => [
      ...this.assignments.map(({ name, value }) =>
        this.trace.effect('AssignVariableOp', [this.handle(name), value], {
          dtype: { type: DType.float32 },
        }),
      ),
      ...this.effects.map((fn) => fn()),
    ]);
  }

  /** Names of the variables that the program reads. @internal */
  readNames(): string[] {
    return [...this.reads.keys()];
  }

  /** Disposes of the tensors that were kept out of TensorFlow.js's scopes. @internal */
  release(): void {
    for (const { tensor } of this.reads.values()) tensor.dispose();
  }
}

const ARRAYS = {
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** An assertion that must hold before a program computes or changes anything. */
interface Gate {
  /** Fed: true lets the run pass. */
  open: Output;
  operation: OperationPointer;
}

function addGate(graph: Graph): Gate {
  const open = graph.op('Placeholder', [], {
    dtype: { type: DType.bool },
    shape: { shape: [] },
  });
  const { operation } = graph.add('Assert', [open, [open]], { T: { types: [DType.bool] } });
  return { open, operation };
}

/** A fed value with a control dependency on the gate. */
function passing(graph: Graph, gate: Gate, value: Output, dtype: DType): Output {
  return graph.op('Identity', [value], { T: { type: dtype } }, { control: [gate.operation] });
}

interface Feed {
  spec: InputSpec;
  placeholder: Output;
}

/** A traced computation, ready to run. */
export class Program {
  private readonly outputNames: string[];
  private hasRun = false;
  private prepared: Promise<void> | undefined;

  private constructor(
    readonly name: string,
    private readonly capi: Capi,
    private readonly session: NativeSession,
    private readonly variables: Variables,
    private readonly feeds: Map<string, Feed>,
    private readonly outputs: Map<string, Output>,
    private readonly targets: readonly OperationPointer[],
    private readonly reads: readonly string[],
    /** A boolean to be fed: false stops the run before it computes anything. */
    private readonly gate: Output | undefined,
  ) {
    this.outputNames = [...outputs.keys()];
  }

  /** Traces `spec.build`. Use Session.compile. @internal */
  static trace(
    spec: ProgramSpec,
    trace: Trace,
    capi: Capi,
    session: NativeSession,
    variables: Variables,
  ): Program {
    const feeds = new Map<string, Feed>();
    const outputs = new Map<string, Output>();
    let targets: OperationPointer[] = [];
    const scope = new Scope(trace, variables);
    let gate: Gate | undefined;
    const traceBody = (): void => {
      if (trace.canBePrepared) gate = addGate(trace.graph);
      const inputs: Inputs = {};
      for (const [name, input] of Object.entries(spec.inputs)) {
        const placeholder = trace.graph.op(
          'Placeholder',
          [],
          { dtype: { type: DType[input.dtype] }, shape: { shape: input.shape } },
          { name },
        );
        feeds.set(name, { spec: input, placeholder });
        const value = gate
          ? passing(trace.graph, gate, placeholder, DType[input.dtype])
          : placeholder;
        inputs[name] = tensorOf(
          input.dtype === 'uint8' ? trace.cast(value, DType.uint8, DType.float32) : value,
        );
      }
      const results = spec.build(inputs, scope);
      for (const [name, tensor] of Object.entries(results)) outputs.set(name, outputOf(tensor));
      targets = scope.finish(gate?.operation);
      scope.release();
    };
    trace.graph.inScope(spec.name, () => withTrace(trace, traceBody));
    return new Program(
      spec.name,
      capi,
      session,
      variables,
      feeds,
      outputs,
      targets,
      scope.readNames(),
      gate?.open,
    );
  }

  /**
   * Makes TensorFlow prepare the program: graph passes and placement, which take most of the additional time of a first run.
   * Variables need no values yet, and do not change. The memory of the passes is freed before anything is computed. The first
   * run calls it, too. Does nothing on a GPU, with XLA and with several processes.
   *
   * @returns when it is done; an error of the program is thrown by its run.
   */
  prepare(): Promise<void> {
    this.prepared ??= this.gate ? this.runToGate(this.gate) : Promise.resolve();
    return this.prepared;
  }

  /** Runs the program up to the gate, with the same feeds and fetches as all other runs. */
  private async runToGate(gate: Output): Promise<void> {
    const feeds = [...this.feeds.values()].map(({ spec: { shape, dtype }, placeholder }) => {
      const zeros = new ARRAYS[dtype](elementCount(shape));
      return [placeholder, createTensor(this.capi, shape, DType[dtype], zeros)] as const;
    });
    const closed = createTensor(this.capi, [], DType.bool, Uint8Array.of(0));
    await this.session
      .run({ ...this.runOf([...feeds, [gate, closed]]), preparing: true })
      .catch(() => undefined);
  }

  private runOf(feeds: Run['feeds']): Run {
    const { name, targets } = this;
    return { name, feeds, fetches: [...this.outputs.values()], targets };
  }

  /**
   * Runs the program once, after all earlier runs of its session.
   *
   * @param feeds one value per input; a number where the shape is []. The arrays may be reused immediately.
   * @param onProfile receives the duration of every operation; timing them slows the run a little
   * @returns new arrays, one per output; a scalar is an array of one
   */
  async run(feeds: Feeds, onProfile?: (timings: OpTiming[]) => void): Promise<Values> {
    this.variables.requireValues(this.reads);
    // Copied before the first await, so that the caller may reuse its arrays while the run is queued.
    const values = this.createFeeds(feeds);
    const initialized = this.variables.initialize();
    void this.prepare();
    const running = this.session.run({
      ...this.runOf(values),
      ...(onProfile && { onMetadata: (bytes) => onProfile(decodeStepStats(bytes)) }),
    });
    await initialized;
    const tensors = await running;
    if (!this.hasRun) {
      // The graph passes and kernel creation of the first run leave much free memory with malloc.
      this.hasRun = true;
      this.capi.releaseMemory();
    }
    try {
      return Object.fromEntries(
        tensors.map((tensor, i) => [
          this.outputNames[i] ?? '',
          readTensor(this.capi, tensor) as Values[string],
        ]),
      );
    } finally {
      for (const tensor of tensors) this.capi.DeleteTensor(tensor);
    }
  }

  private createFeeds(values: Feeds): [Output, TensorPointer][] {
    const unknown = Object.keys(values).find((name) => !this.feeds.has(name));
    if (unknown !== undefined)
      throw new RuntimeError(`program ${this.name} has no input ${unknown}`);
    const created: [Output, TensorPointer][] = [];
    try {
      for (const [name, { spec, placeholder }] of this.feeds) {
        const value = values[name];
        if (value === undefined)
          throw new RuntimeError(`program ${this.name} needs a value for input ${name}`);
        const array = this.toArray(name, spec, value);
        created.push([placeholder, createTensor(this.capi, spec.shape, DType[spec.dtype], array)]);
      }
      if (this.gate)
        created.push([this.gate, createTensor(this.capi, [], DType.bool, Uint8Array.of(1))]);
      return created;
    } catch (error) {
      for (const [, tensor] of created) this.capi.DeleteTensor(tensor);
      throw error;
    }
  }

  private toArray(name: string, spec: InputSpec, value: FeedValue): NodeJS.TypedArray {
    const Kind = ARRAYS[spec.dtype];
    const array = typeof value === 'number' ? Kind.of(value) : value;
    if (!(array instanceof Kind))
      throw new RuntimeError(
        `input ${name} of program ${this.name} is ${spec.dtype}, got ${array.constructor.name}`,
      );
    if (array.length !== elementCount(spec.shape))
      throw new RuntimeError(
        `input ${name} of program ${this.name} has shape [${spec.shape.join(', ')}], got ${array.length} values`,
      );
    return array;
  }
}
