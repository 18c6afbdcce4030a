/** Measures the memory that a process of Node uses after garbage collection, through its inspector. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'undici';

interface Reply {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

/** Bytes in use after a garbage collection. */
export interface HeapUse {
  /** Objects of JavaScript. */
  heap: number;
  /** Memory outside the heap that JavaScript objects hold, such as array buffers. */
  external: number;
}

/** A connection to the inspector of a process. */
export class Inspector {
  private lastId = 0;
  private readonly replies = new Map<number, (reply: Reply) => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id === undefined) return;
      this.replies.get(reply.id)?.(reply);
      this.replies.delete(reply.id);
    });
    socket.addEventListener('close', () => {
      for (const answer of this.replies.values())
        answer({ error: { message: 'the process ended' } });
      this.replies.clear();
    });
  }

  /**
   * Opens the inspector of a process with SIGUSR1 and connects to it.
   * @param port of `--inspect-port` of that process, on 127.0.0.1
   */
  static open(pid: number, port: number): Promise<Inspector> {
    process.kill(pid, 'SIGUSR1');
    return Inspector.connect(port);
  }

  /** Connects to the inspector that listens, or soon will, on a port of 127.0.0.1. */
  static async connect(port: number): Promise<Inspector> {
    const socket = new WebSocket(await addressOf(port));
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () =>
        reject(new Error(`the inspector on port ${port} does not answer`)),
      );
    });
    return new Inspector(socket);
  }

  /** Calls a method of the DevTools protocol. */
  async call(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.lastId;
    const { result, error } = await new Promise<Reply>((resolve) => {
      this.replies.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Collects garbage and measures what is left. */
  async heapUse(): Promise<HeapUse> {
    // Buffers whose objects are garbage are released after the collection, on another thread.
    await this.call('HeapProfiler.collectGarbage');
    await sleep(200);
    const { usedSize } = (await this.call('Runtime.getHeapUsage')) as { usedSize: number };
    const external = (await this.call('Runtime.evaluate', {
      expression: 'process.memoryUsage().external',
      returnByValue: true,
    })) as { result: { value: number } };
    return { heap: usedSize, external: external.result.value };
  }

  close(): void {
    this.socket.close();
  }
}

/** Waits until the inspector listens. @returns the address of its socket */
async function addressOf(port: number): Promise<string> {
  for (const until = Date.now() + 30_000; Date.now() < until; await sleep(100)) {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => undefined);
    if (!response) continue;
    const [target] = (await response.json()) as { webSocketDebuggerUrl: string }[];
    return target.webSocketDebuggerUrl;
  }
  throw new Error(`no inspector listens on port ${port}`);
}
