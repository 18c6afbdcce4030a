/** Owns a `TF_Session` and runs it off the main thread, one run at a time. */
import {
  type BufferPointer,
  type Capi,
  type MemoryPointer,
  NULL,
  type OperationPointer,
  type Output,
  type SessionPointer,
  type TensorPointer,
} from './capi';
import { encodeConfig, type SessionConfig } from './configProto';
import { RuntimeError } from '../errors';
import { type Graph, packOutputs } from './graph';
import { bytesOf } from './nativeBuffer';
import { encodeTraceOptions } from './stepStats';
import { startServer } from '../distributed/server';
import { Status } from './status';

export interface Run {
  /** Name for error messages. */
  name: string;
  feeds: readonly (readonly [Output, TensorPointer])[];
  fetches: readonly Output[];
  targets: readonly OperationPointer[];
  /** Times every operation of the run, and receives TensorFlow's `RunMetadata`. */
  onMetadata?: (metadata: Uint8Array) => void;
  /** It is run only to have TensorFlow prepare its graph, and fails by design: see `Program.prepare`. */
  preparing?: boolean;
}

export class NativeSession {
  private queue: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(
    private readonly capi: Capi,
    private readonly native: SessionPointer,
    private readonly status: Status,
    /** Whether the graph runs on TensorFlow's server, as with several ranks. */
    private readonly remote: boolean,
  ) {}

  static async open(capi: Capi, graph: Graph, config: SessionConfig): Promise<NativeSession> {
    const status = new Status(capi);
    const options = capi.NewSessionOptions();
    try {
      const proto = encodeConfig(config);
      capi.SetConfig(options, proto, proto.length, status.native);
      status.check('session configuration');
      if (config.rankSpec.worldSize > 1)
        capi.SetTarget(options, startServer(capi, config.rankSpec, proto));
      const session = await capi.NewSessionAsync(graph.native, options, status.native);
      status.check('opening a TensorFlow session');
      return new NativeSession(capi, session, status, config.rankSpec.worldSize > 1);
    } catch (error) {
      status.dispose();
      throw error;
    } finally {
      capi.DeleteSessionOptions(options);
    }
  }

  /** Types of the session's devices, such as CPU and GPU. */
  deviceTypes(): string[] {
    const { capi, status } = this;
    const list = capi.SessionListDevices(this.native, status.native);
    status.check('listing devices');
    try {
      return Array.from({ length: capi.DeviceListCount(list) }, (_, i) =>
        capi.DeviceListType(list, i, status.native),
      );
    } finally {
      capi.DeleteDeviceList(list);
    }
  }

  /**
   * Runs part of the graph after all earlier runs, without blocking the event loop.
   *
   * @param run its fed tensors belong to the session from now on, also if the run fails
   * @returns the fetched tensors, which the caller must delete
   */
  run(run: Run): Promise<TensorPointer[]> {
    const result = this.queue.then(async () => {
      try {
        if (this.closed) throw new RuntimeError('the session was disposed');
        return await this.execute(run);
      } finally {
        // Graph passes leave much free memory with malloc, which the next run would keep in addition to its own.
        if (run.preparing) this.capi.releaseMemory();
        for (const [, tensor] of run.feeds) this.capi.DeleteTensor(tensor);
      }
    });
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Waits for the current run, rejects queued runs, and frees the session with its variables. */
  async dispose(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue;
    this.capi.CloseSession(this.native, this.status.native);
    this.capi.DeleteSession(this.native, this.status.native);
    this.status.dispose();
  }

  private async execute({
    name,
    feeds,
    fetches,
    targets,
    onMetadata,
  }: Run): Promise<TensorPointer[]> {
    const { capi } = this;
    // Native memory instead of JavaScript arrays, which a garbage collection during the run could move or free.
    const blocks: MemoryPointer[] = [];
    const block = (bytes: NodeJS.TypedArray): MemoryPointer => {
      if (bytes.byteLength === 0) return NULL;
      const memory = capi.malloc(bytes.byteLength);
      capi.memcpy(memory, bytes, bytes.byteLength);
      blocks.push(memory);
      return memory;
    };
    const buffers: BufferPointer[] = [];
    const buffer = (made: BufferPointer): BufferPointer => {
      buffers.push(made);
      return made;
    };
    try {
      const options = onMetadata ? encodeTraceOptions({ remote: this.remote }) : undefined;
      const metadata = onMetadata ? buffer(capi.NewBuffer()) : NULL;
      const results = new BigUint64Array(fetches.length);
      const resultBlock = block(results);
      await capi.SessionRunAsync(
        this.native,
        options ? buffer(capi.NewBufferFromString(options, options.length)) : NULL,
        block(packOutputs(feeds.map(([output]) => output))),
        block(BigUint64Array.from(feeds, ([, tensor]) => tensor)),
        feeds.length,
        block(packOutputs(fetches)),
        resultBlock,
        fetches.length,
        block(BigUint64Array.from(targets)),
        targets.length,
        metadata,
        this.status.native,
      );
      this.status.check(name);
      if (onMetadata && metadata !== NULL) onMetadata(bytesOf(capi, metadata as BufferPointer));
      if (results.byteLength > 0) capi.memcpy(results, resultBlock, results.byteLength);
      return Array.from(results, (pointer) => pointer as TensorPointer);
    } finally {
      for (const memory of blocks) capi.free(memory);
      for (const made of buffers) capi.DeleteBuffer(made);
    }
  }
}
