/** Checks the tables of the benchmarks: shares, speedups, and cells without a measurement. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { stepsRow } from '../../bench/stepsRow.mjs';
import { threadCounts, threadsTable } from '../../src/cli/commands/benchThreads';
import { mainShapes } from '../../src/train/throughput';

const flops = { training: 600e9, evaluation: 200e9 };
const ours = [{ step: 4, firstStep: 9, evaluation: 1, peakBytes: 2e9, flops }];
const eager = [
  { step: 6, evaluation: 2, peakBytes: 4e9, flops: { training: 660e9, evaluation: 220e9 } },
];
const limits = [
  { threads: 1, flops: 100e9 },
  { threads: 2, flops: 200e9 },
];

it('compares a step with PyTorch and with the matrix products of the machine', () => {
  const compiled = [{ step: 5, evaluation: 1.5, peakBytes: 4e9, compileSeconds: 30 }];
  const row = stepsRow('base', { ours, eager, compiled }, limits);
  expect(row).toMatchObject({
    'by eager': 1.5,
    'by compiled': 1.25,
    'compiling s': 30,
    memory: 0.5,
  });
  expect(row).toMatchObject({ share: 0.75, 'eager share': 0.55, 'compiled share': 0.66 });
  expect(row).toMatchObject({ 'matmul GFLOP/s, threads 1': 100, 'matmul GFLOP/s, threads 2': 200 });
});

it('shows why torch.compile failed', () => {
  const row = stepsRow(
    'base',
    { ours, eager, compiled: [{ error: 'InvalidCxxCompiler' }] },
    limits,
  );
  const cells = ['compiled s', 'by compiled', 'eval by compiled', 'compiling s', 'compiled share'];
  for (const cell of cells) expect(row[cell], cell).toBe('InvalidCxxCompiler');
  expect(row['by eager']).toBe(1.5);
});

it('compares numbers of threads with the first of them', () => {
  const result = (step: number): Parameters<typeof threadsTable>[0][0]['result'] => ({
    ...{ loss: 1, firstStep: 9, peakBytes: 1, gradientBytes: 0, bucketBytes: [], parameters: 1000 },
    ...{ precision: 'fp32', tensorflow: '2.21.0', step, evaluation: step / 4, flops },
  });
  const lines = threadsTable(
    [
      { threads: 1, result: result(8), throughput: { threads: 1, flops: 100e9 } },
      { threads: 2, result: result(5), throughput: { threads: 2, flops: 160e9 } },
    ],
    { batch: 2, length: 24 },
  );
  const cells = lines.filter((line) => /^\d/.test(line)).map((line) => line.split(/ {2,}/));
  expect(cells).toEqual([
    ['1', '8.000', '1.00', '75', '100', '75%', '2.000', '1.00'],
    ['2', '5.000', '1.60', '120', '160', '75%', '1.250', '1.60'],
  ]);
});

it.each(['', '0', '2,2', '1.5', '1,,2', '99999'])('refuses the threads %j', (list) => {
  expect(() => threadCounts(list)).toThrow(/--threads/);
});

it('measures the shapes with 90% of the operations that use weights', () => {
  const product = (rows: number, kind: 'weight' | 'batched' = 'weight') =>
    ({ kind, rows, inner: 10, columns: 10, count: 1, training: 3 }) as const;
  const shapes = mainShapes([
    product(5),
    product(50),
    product(45),
    product(50),
    product(900, 'batched'),
  ]);
  expect(shapes.map(({ rows }) => rows)).toEqual([50, 45]);
});

it('calls the PyTorch model with arguments that it accepts, on the CPU and on a GPU', () => {
  // Without packages, the next error after the arguments is that PyTorch is missing.
  const run = (...args: string[]): string =>
    spawnSync('python3', ['-S', 'bench/blip_nlvr.py', 'weights', 'shape', '5', ...args], {
      encoding: 'utf8',
    }).stderr;
  for (const args of [['fp32'], ['bf16', 'cpu', 'compile'], ['tf32', 'cuda', 'eager']])
    expect(run(...args)).toMatch(/No module named 'torch'/);
  expect(run('fp16', 'gpu', 'eager')).toMatch(/invalid choice: 'gpu'/);
  expect(run('tf32', 'cpu')).toMatch(/tf32 is a precision of NVIDIA's GPUs/);
});
