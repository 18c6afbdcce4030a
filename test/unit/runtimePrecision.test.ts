import { describe, expect, it } from 'vitest';
import { choosePrecision } from '../../src/runtime/machine/precision';
import { inEnglish } from '../../src/util/localize';

describe('choosePrecision', () => {
  const machine = (flags: string[], computeCapability?: number) => ({
    cpuFlags: new Set(flags),
    computeCapability,
  });

  it.each([
    ['fp32', 'cpu', machine(['avx512_bf16']), 'fp32', /configured/],
    ['bf16', 'cpu', machine([]), 'bf16', /configured/],
    ['fp16', 'gpu', machine([], 7), 'fp16', /configured/],
    ['tf32', 'gpu', machine([], 8), 'tf32', /configured/],
    ['tf32', 'cpu', machine([]), 'fp32', /requires a GPU/],
    ['auto', 'cpu', machine(['avx2', 'avx512_bf16']), 'bf16', /avx512_bf16/],
    ['auto', 'cpu', machine(['amx_bf16', 'avx512_bf16']), 'bf16', /amx_bf16/],
    ['auto', 'cpu', machine(['avx2', 'avx512f']), 'fp32', /no bf16/],
    ['auto', 'gpu', machine(['avx512_bf16'], 7.5), 'fp32', /7\.5/],
    ['auto', 'gpu', machine([], 8), 'bf16', /8\.0/],
    ['auto', 'gpu', machine([]), 'fp32', /unknown/],
  ] as const)('%s on a %s', (requested, device, facts, precision, reason) => {
    const choice = choosePrecision(requested, device, facts);
    expect(choice.precision).toBe(precision);
    expect(inEnglish(choice.reason)).toMatch(reason);
  });

  it('reports when fp16 is not the best choice', () => {
    const remark = (device: 'cpu' | 'gpu', capability?: number) =>
      inEnglish(choosePrecision('fp16', device, machine([], capability)).remark ?? '');
    expect(remark('gpu', 7)).toBe('');
    expect(remark('gpu', 8)).toMatch(/bf16 would need no loss scaling/);
    expect(remark('cpu')).toMatch(/slower than fp32 on a CPU/);
  });

  it('reports when bf16 would be faster than the requested fp32', () => {
    const remark = (flags: string[]) =>
      inEnglish(choosePrecision('fp32', 'cpu', machine(flags)).remark ?? '');
    expect(remark(['avx512_bf16'])).toMatch(/bf16 would be faster: the CPU has avx512_bf16/);
    expect(remark(['avx2'])).toBe('');
    expect(choosePrecision('auto', 'cpu', machine(['avx512_bf16'])).remark).toBeUndefined();
  });
});
