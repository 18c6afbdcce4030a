/** Chooses the precision of matrix products for `precision: auto`. */
import { readFileSync } from 'node:fs';
import { visibleGpus } from './gpus';
import { localize, type MessageText } from '../../util/localize';
import type { Precision } from '../../util/precision';

export interface Machine {
  /** CPU features as Linux names them. */
  cpuFlags: ReadonlySet<string>;
  /** Compute capability of the NVIDIA GPU that this process uses, such as 8.0; undefined where unknown. */
  computeCapability: number | undefined;
}

export interface PrecisionChoice {
  precision: Precision;
  /** Why it was chosen, for the run's note. */
  reason: MessageText;
  /** Why another one would be faster, where one would. */
  remark?: MessageText;
}

/**
 * Resolves the configured precision. `auto` is bf16 where the hardware multiplies it faster than fp32: on CPUs with
 * AVX512-BF16 or AMX, and on GPUs from compute capability 8.0 (Ampere).
 */
export function choosePrecision(
  requested: 'auto' | Precision,
  device: 'cpu' | 'gpu',
  machine: Machine = machineOf(device),
): PrecisionChoice {
  if (requested === 'tf32' && device === 'cpu')
    return { precision: 'fp32', reason: localize('tf32 requires a GPU') };
  if (requested === 'tf32' || requested === 'bf16')
    return { precision: requested, reason: localize('as configured') };
  const fastest = fastestPrecision(device, machine);
  if (requested === 'fp16')
    return {
      precision: 'fp16',
      reason: localize('as configured'),
      ...(device === 'cpu'
        ? { remark: localize('fp16 is slower than fp32 on a CPU: it is meant for GPUs.') }
        : fastest.precision === 'bf16' && {
            remark: localize('bf16 would need no loss scaling: {0}.', fastest.reason),
          }),
    };
  if (requested === 'auto') return fastest;
  return {
    precision: 'fp32',
    reason: localize('as configured'),
    ...(fastest.precision === 'bf16' && {
      remark: localize('bf16 would be faster: {0} (`precision: auto`).', fastest.reason),
    }),
  };
}

function fastestPrecision(device: 'cpu' | 'gpu', machine: Machine): PrecisionChoice {
  if (device === 'gpu') {
    const capability = machine.computeCapability;
    if (capability === undefined)
      return { precision: 'fp32', reason: localize("the GPU's compute capability is unknown") };
    const enough = capability >= 8;
    return {
      precision: enough ? 'bf16' : 'fp32',
      reason: localize(
        enough
          ? 'the GPU has compute capability {0}'
          : 'the GPU has compute capability {0}, bf16 needs 8.0',
        capability.toFixed(1),
      ),
    };
  }
  const flag = ['amx_bf16', 'avx512_bf16'].find((name) => machine.cpuFlags.has(name));
  return flag
    ? { precision: 'bf16', reason: localize('the CPU has {0}', flag) }
    : { precision: 'fp32', reason: localize('the CPU has no bf16 instructions') };
}

/**
 * Reads the features of this machine's CPU or GPU.
 *
 * @param localRank index of this process's GPU among the visible ones
 */
export function machineOf(device: 'cpu' | 'gpu', localRank = 0): Machine {
  return {
    cpuFlags: readCpuFlags(),
    computeCapability: device === 'gpu' ? visibleGpus()[localRank]?.computeCapability : undefined,
  };
}

function readCpuFlags(): Set<string> {
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    return new Set(/^flags\s*:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? []);
  } catch {
    // Not Linux: TensorFlow has no bf16 kernels worth choosing there.
    return new Set();
  }
}
