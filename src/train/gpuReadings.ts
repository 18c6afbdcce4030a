/**
 * How busy the GPU is that trains, and how much of its memory is in use, as `nvidia-smi` says. Experimental: it was tried
 * with a program that stands for `nvidia-smi`, not on a GPU.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Gpu } from '../runtime/machine/gpus';

const EVERY_SECONDS = 5;
const MIB = 2 ** 20;

export interface GpuReading {
  /** In use by all programs, in bytes. */
  gpuMemory: number;
  /** Share of the last moments in which it was busy, 0..1. */
  gpuUse?: number;
}

/** `1234, 56`: MiB and percent. @returns undefined for what is no reading; use is missing where the driver says none */
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
    // No readings, then.
    this.child.on('error', () => undefined);
    if (this.child.stdout)
      createInterface({ input: this.child.stdout }).on('line', (line) => {
        this.latest = parseReading(line) ?? this.latest;
      });
    // It must not keep the trainer alive.
    this.child.unref();
  }

  /** The newest reading, once. */
  take(): GpuReading | undefined {
    const { latest } = this;
    this.latest = undefined;
    return latest;
  }

  dispose(): void {
    this.child.kill('SIGKILL');
  }
}
