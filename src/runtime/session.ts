/** A TensorFlow session with its variables and the programs recorded into it: `tf.function` for Node. */
import { type Capi, loadCapi, loadLibc } from './tensorflow/capi';
import { NoGpuError, RuntimeError } from './errors';
import { Graph } from './tensorflow/graph';
import { hasNvidiaDevice, type Library } from './install/library';
import { NativeSession } from './tensorflow/nativeSession';
import { parallelism } from './machine/parallelism';
import { trimMalloc } from './machine/processMemory';
import { Program, type ProgramSpec } from './trace/program';
import { type ReplicaSpec, SINGLE, taskName } from './replica/spec';
import { Trace } from './trace/trace';
import { checkVersion } from './install/versions';
import { Variables } from './variables';
import { collectGarbage } from '../util/collectGarbage';
import { localize } from '../util/localize';
import type { Precision } from '../util/precision';

export interface SessionOptions {
  library: Library;
  device: 'cpu' | 'gpu';
  /**
   * `bf16`: operands of matrix products are rounded to bfloat16, sums and weights stay float32; `fp16`: to float16. `tf32`: a GPU rounds them
   * to its 19 bits; with the others it does not, unlike TensorFlow's default.
   */
  precision: Precision;
  /** Compile with XLA. Gradient checkpointing is refused then. */
  xla: boolean;
  /** Threads for one operation; 0: one per core. */
  threads: number;
  /**
   * Programs are recorded in lanes (trace/shards.ts) where that is faster; each operation then takes one thread. Not for
   * programs that are one chain of operations.
   */
  lanes?: boolean;
  /** Which process of a data parallel training this is; by default one of its own. */
  replica?: ReplicaSpec;
}

export interface SessionInfo {
  /** TensorFlow's version. */
  tensorflow: string;
  /** `CPU` or `GPU`. */
  device: string;
  precision: Precision;
}

export class Session {
  private disposed = false;

  private constructor(
    readonly info: SessionInfo,
    private readonly options: SessionOptions,
    private readonly capi: Capi,
    private readonly graph: Graph,
    private readonly native: NativeSession,
    private readonly variables: Variables,
  ) {}

  /**
   * Loads the library where this process has not done so, and opens a session.
   *
   * @throws RuntimeUnusableError where the library cannot be loaded
   * @throws RuntimeError where a GPU is asked for and TensorFlow sees none
   */
  static async open(options: SessionOptions): Promise<Session> {
    prepareEnvironment(options);
    const capi = await loadCapi(options.library.path);
    checkVersion(capi.version, options.library.directory);
    capi.tf32?.allow(options.precision === 'tf32');
    const replica = options.replica ?? SINGLE;
    const graph = new Graph(capi, replica.worldSize > 1 ? taskName(replica.rank) : undefined);
    let native: NativeSession;
    try {
      native = await NativeSession.open(capi, graph, { ...options, replica });
    } catch (error) {
      graph.dispose();
      throw error;
    }
    const device = native.deviceTypes().includes('GPU') ? 'GPU' : 'CPU';
    if (options.device === 'gpu' && device !== 'GPU') {
      await native.dispose();
      graph.dispose();
      throw new NoGpuError(
        localize('`device` is gpu, but TensorFlow in {0} finds no GPU.', options.library.directory),
        {
          hint: localize(
            'It needs an NVIDIA GPU with its driver and the GPU build of the library: `nlvr runtime install --gpu`.',
          ),
        },
      );
    }
    const info = { tensorflow: capi.version, device, precision: options.precision };
    return new Session(info, options, capi, graph, native, new Variables(capi, graph, native));
  }

  /**
   * Whether TensorFlow in this library sees a GPU. Loads it only where the machine has an NVIDIA driver.
   *
   * @param precision of the sessions to come, which must be known before NVIDIA's libraries are loaded
   * @param localRank the GPU to look at, among those that CUDA_VISIBLE_DEVICES leaves
   */
  static async hasGpu(library: Library, precision: Precision, localRank = 0): Promise<boolean> {
    if (!hasNvidiaDevice()) return false;
    const replica = { ...SINGLE, localRank };
    const options = { library, precision, xla: false, threads: 0, replica } as const;
    try {
      const session = await Session.open({ ...options, device: 'gpu' });
      await session.dispose();
      return true;
    } catch (error) {
      if (error instanceof NoGpuError) return false;
      throw error;
    }
  }

  /**
   * Declares a float32 variable inside the runtime. Again with the same shape changes nothing.
   *
   * @param initial `zeros` gives it a value; otherwise assign() must before a program reads it
   */
  variable(name: string, shape: readonly number[], initial?: 'zeros'): void {
    this.variables.declare(name, shape, initial);
  }

  /** Which process of a data parallel training this session belongs to. */
  get replica(): ReplicaSpec {
    return this.options.replica ?? SINGLE;
  }

  /** Gives a variable's memory back; `variable` brings it back, with its initial value. */
  async releaseVariable(name: string): Promise<void> {
    await this.variables.release(name);
    trimMalloc(loadLibc());
  }

  /** Independent parts that this session's programs should be recorded in (trace/shards.ts). */
  get lanes(): number {
    return parallelism(this.options).lanes;
  }

  /** Threads of the processor that this session has. */
  get threads(): number {
    return parallelism(this.options).threads;
  }

  shapeOf(name: string): readonly number[] {
    return this.variables.get(name).shape;
  }

  /** Sets variables. Values are taken one at a time, so an iterator never needs to hold them all. */
  async assign(values: Iterable<readonly [string, Float32Array]>): Promise<void> {
    await this.variables.assign(values);
    trimMalloc(loadLibc());
  }

  /** Says that a program of this session gave these variables their values. */
  markAssigned(names: Iterable<string>): void {
    this.variables.markAssigned(names);
  }

  /** A copy of one variable's value. For many, readAll is much faster. */
  async read(name: string): Promise<Float32Array> {
    for await (const [, value] of this.variables.read([name])) return value;
    throw new RuntimeError(`variable ${name} could not be read`);
  }

  /** Copies of variables' values, in order, a few at a time as they are taken. */
  readAll(names: readonly string[]): AsyncGenerator<[string, Float32Array], void, undefined> {
    return this.variables.read(names);
  }

  /**
   * Records a program. Programs share the session's variables.
   *
   * @throws TraceError where the computation cannot be recorded, naming the op, kernel or gradient
   */
  compile(spec: ProgramSpec): Program {
    if (this.disposed) throw new RuntimeError('the session was disposed');
    // Next to the recording, and before the graph has grown by it. The program's run reports what goes wrong.
    void this.variables.initialise().catch(() => undefined);
    const trace = new Trace(this.graph, { ...this.options, fixedParts: spec.fixedParts });
    const program = Program.record(spec, trace, this.capi, this.native, this.variables);
    // Thousands of TensorFlow.js's tensors are dead now, and the first run needs memory for the graph passes.
    collectGarbage();
    return program;
  }

  /**
   * What was recorded so far as a serialised `GraphDef`, which Netron and TensorBoard show. The values of variables are
   * not in it.
   */
  graphDefinition(): Uint8Array {
    return this.graph.definition();
  }

  /** Waits for the run in flight and frees everything native. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.native.dispose();
    this.graph.dispose();
  }
}

/** Settings that TensorFlow reads from the environment while it is loaded. */
function prepareEnvironment(options: SessionOptions): void {
  // 2: errors only. What is left goes where redirectNativeLog sends it.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // NVIDIA's libraries read it when they are loaded: with 0, float32 products are float32's. TensorFlow's own switch is
  // set by Session.open, for kernels that are not NVIDIA's.
  if (options.precision !== 'tf32') process.env['NVIDIA_TF32_OVERRIDE'] = '0';
  else delete process.env['NVIDIA_TF32_OVERRIDE'];
  if (options.xla && options.device === 'cpu') {
    const flags = process.env['TF_XLA_FLAGS'] ?? '';
    if (!flags.includes('tf_xla_cpu_global_jit'))
      process.env['TF_XLA_FLAGS'] = `${flags} --tf_xla_cpu_global_jit`.trim();
  }
}
