/** A TensorFlow session with its variables and its traced programs: `tf.function` for Node. */
import { type Capi, loadCapi, loadLibc } from './tensorflow/capi';
import { NoGpuError, RuntimeError } from './errors';
import { Graph } from './tensorflow/graph';
import { hasNvidiaDevice, type Library } from './install/library';
import { NativeSession } from './tensorflow/nativeSession';
import { parallelism } from './machine/parallelism';
import { trimMalloc } from './machine/processMemory';
import { Program, type ProgramSpec } from './trace/program';
import { type RankSpec, SINGLE, taskName } from './distributed/rankSpec';
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
   * Rounding of the operands of matrix products: `bf16` to bfloat16, `fp16` to float16; sums and weights stay float32.
   * `tf32`: a GPU rounds them to 19 bits, which TensorFlow would do by default and the other precisions turn off.
   */
  precision: Precision;
  /** Compiles with XLA. Gradient checkpointing then throws an error. */
  xla: boolean;
  /** Threads of the session; 0: one per core. */
  threads: number;
  /**
   * Traces programs in shards (trace/shards.ts) where that is faster; each operation then has one thread. Not for programs
   * that are a single chain of operations.
   */
  sharded?: boolean;
  /** The rank of this process in a data parallel training; by default the only one. */
  rankSpec?: RankSpec;
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
   * Opens a session, after loading the library if this process has not loaded it yet.
   *
   * @throws RuntimeUnusableError where the library cannot be loaded
   * @throws NoGpuError where a GPU is required and TensorFlow finds none
   */
  static async open(options: SessionOptions): Promise<Session> {
    prepareEnvironment(options);
    const capi = await loadCapi(options.library.path);
    checkVersion(capi.version, options.library.directory);
    capi.tf32?.allow(options.precision === 'tf32');
    const rankSpec = options.rankSpec ?? SINGLE;
    const graph = new Graph(capi, rankSpec.worldSize > 1 ? taskName(rankSpec.rank) : undefined);
    let native: NativeSession;
    try {
      native = await NativeSession.open(capi, graph, { ...options, rankSpec });
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
   * Whether this TensorFlow library finds a GPU. Loads the library only where the machine has an NVIDIA driver.
   *
   * @param precision precision of later sessions, which must be known before NVIDIA's libraries are loaded
   * @param localRank index of the GPU among those in CUDA_VISIBLE_DEVICES
   */
  static async hasGpu(library: Library, precision: Precision, localRank = 0): Promise<boolean> {
    if (!hasNvidiaDevice()) return false;
    const rankSpec = { ...SINGLE, localRank };
    const options = { library, precision, xla: false, threads: 0, rankSpec } as const;
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
   * Declares a float32 variable in the runtime. Declaring it again with the same shape changes nothing.
   *
   * @param initial `zeros` assigns zeros; otherwise call assign() before a program reads it
   */
  variable(name: string, shape: readonly number[], initial?: 'zeros'): void {
    this.variables.declare(name, shape, initial);
  }

  /** The rank of this process in a data parallel training. */
  get rankSpec(): RankSpec {
    return this.options.rankSpec ?? SINGLE;
  }

  /** Frees a variable's memory; `variable` declares it again, with its initial value. */
  async releaseVariable(name: string): Promise<void> {
    await this.variables.release(name);
    trimMalloc(loadLibc());
  }

  /** Number of independent parts of a batch in this session's programs (trace/shards.ts). */
  get shards(): number {
    return parallelism(this.options).shards;
  }

  /** Threads of this session. */
  get threads(): number {
    return parallelism(this.options).threads;
  }

  shapeOf(name: string): readonly number[] {
    return this.variables.get(name).shape;
  }

  /** Assigns values to variables. They are read one at a time, so an iterator never needs to hold all of them. */
  async assign(values: Iterable<readonly [string, Float32Array]>): Promise<void> {
    await this.variables.assign(values);
    trimMalloc(loadLibc());
  }

  /** Marks variables whose values were assigned by a program of this session. */
  markAssigned(names: Iterable<string>): void {
    this.variables.markAssigned(names);
  }

  /** A copy of one variable's value. For many, readAll is much faster. */
  async read(name: string): Promise<Float32Array> {
    for await (const [, value] of this.variables.read([name])) return value;
    throw new RuntimeError(`variable ${name} could not be read`);
  }

  /** Copies of variables' values, in order, read in groups as the iterator advances. */
  readAll(names: readonly string[]): AsyncGenerator<[string, Float32Array], void, undefined> {
    return this.variables.read(names);
  }

  /**
   * Traces a program. Programs share the session's variables.
   *
   * @throws TraceError where the computation cannot be traced, naming the op, kernel or gradient
   */
  compile(spec: ProgramSpec): Program {
    if (this.disposed) throw new RuntimeError('the session was disposed');
    // While the program is traced, and before the graph grows by it. The program's run reports errors.
    void this.variables.initialize().catch(() => undefined);
    const trace = new Trace(this.graph, { ...this.options, fixedShards: spec.fixedShards });
    const program = Program.trace(spec, trace, this.capi, this.native, this.variables);
    // Tracing leaves thousands of unused TensorFlow.js tensors, and the first run needs memory for the graph passes.
    collectGarbage();
    return program;
  }

  /**
   * All traced programs as a serialized `GraphDef`, which Netron and TensorBoard can open. It does not contain the values
   * of variables.
   */
  graphDefinition(): Uint8Array {
    return this.graph.definition();
  }

  /** Waits for the pending run and frees all native memory. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.native.dispose();
    this.graph.dispose();
  }
}

/** Sets environment variables that TensorFlow and NVIDIA's libraries read while they are loaded. */
function prepareEnvironment(options: SessionOptions): void {
  // 2: errors only. redirectNativeLog sends them to a file.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // NVIDIA's libraries read it when they are loaded: 0 turns off the rounding of float32 products. Session.open sets
  // TensorFlow's own switch, for kernels that are not NVIDIA's.
  if (options.precision !== 'tf32') process.env['NVIDIA_TF32_OVERRIDE'] = '0';
  else delete process.env['NVIDIA_TF32_OVERRIDE'];
  if (options.xla && options.device === 'cpu') {
    const flags = process.env['TF_XLA_FLAGS'] ?? '';
    if (!flags.includes('tf_xla_cpu_global_jit'))
      process.env['TF_XLA_FLAGS'] = `${flags} --tf_xla_cpu_global_jit`.trim();
  }
}
