/** The NVIDIA GPUs that a process may use, as CUDA sees them. */
import { execFileSync } from 'node:child_process';

export interface Gpu {
  index: number;
  uuid: string;
  /** Such as 8.0; undefined where the driver does not report it. */
  computeCapability: number | undefined;
}

/**
 * Lists GPUs in CUDA's order: those of the machine, or those in CUDA_VISIBLE_DEVICES, in its order. As in CUDA, the list
 * ends at the first entry that is not a GPU.
 *
 * @returns empty where there is no NVIDIA driver
 */
export function visibleGpus(env: NodeJS.ProcessEnv = process.env, listed = listGpus()): Gpu[] {
  const visible = env['CUDA_VISIBLE_DEVICES'];
  if (visible === undefined) return listed;
  const gpus: Gpu[] = [];
  for (const entry of visible.split(',').map((text) => text.trim())) {
    const gpu = /^\d+$/.test(entry)
      ? listed.find(({ index }) => index === Number(entry))
      : entry === ''
        ? undefined
        : listed.find(({ uuid }) => uuid.startsWith(entry));
    if (!gpu) break;
    gpus.push(gpu);
  }
  return gpus;
}

function listGpus(): Gpu[] {
  try {
    const query = ['--query-gpu=index,uuid,compute_cap', '--format=csv,noheader'];
    const text = execFileSync('nvidia-smi', query, {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text
      .trim()
      .split('\n')
      .map((line) => {
        const [index = '', uuid = '', capability = ''] = line.split(',').map((each) => each.trim());
        const value = Number.parseFloat(capability);
        return {
          index: Number(index),
          uuid,
          computeCapability: Number.isFinite(value) ? value : undefined,
        };
      });
  } catch {
    return [];
  }
}
