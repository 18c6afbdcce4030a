/**
 * Reads the utilization and memory use of the training's GPU from `nvidia-smi`. Experimental: tested with a program in place
 * of `nvidia-smi`, not on a GPU.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Gpu } from '../runtime/machine/gpus';

const EVERY_SECONDS = 5;
const MIB = 2 ** 20;

export interface GpuReading {
  /** Memory in use by all programs, in bytes. */
  gpuMemory: number;
  /** Utilization, 0..1. */
  gpuUse?: number;
}

/**
 * Parses a line of `nvidia-smi`, such as `1234, 56`: MiB and percent.
 * @returns undefined for other lines; without utilization where the driver does not report it
 */
export function parseReading(line: string): GpuReading | undefined {
  const [memory, use] = line.split(',').map((each) => Number.parseFloat(each));
  if (!(memory >= 0)) return undefined;
  return { gpuMemory: memory * MIB, ...(use >= 0 && use <= 100 && { gpuUse: use / 100 }) };
}

/** Reads one GPU until it is disposed of. Where `nvidia-smi` cannot be started, there are no readings. */
export class GpuReadings {
  private readonly child: ChildProcess;
  private latest: GpuReading | undefined;

  constructor({ uuid }: Pick<Gpu, 'uuid'>) {
    const query = ['--query-gpu=memory.used,utilization.gpu', '--format=csv,noheader,nounits'];
    this.child = spawn('nvidia-smi', [...query, `--id=${uuid}`, `--loop=${EVERY_SECONDS}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
    });
    // nvidia-smi is missing: there are no readings.
    this.child.on('error', () => undefined);
    if (this.child.stdout)
      createInterface({ input: this.child.stdout }).on('line', (line) => {
        this.latest = parseReading(line) ?? this.latest;
      });
    // It must not keep the trainer alive.
    this.child.unref();
  }

  /** Returns the newest reading, each only once. */
  takeLatest(): GpuReading | undefined {
    const { latest } = this;
    this.latest = undefined;
    return latest;
  }

  dispose(): void {
    this.child.kill('SIGKILL');
  }
}
