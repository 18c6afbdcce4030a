/** `nlvr bench --threads 1,2,4`: measures the speedup of a model's steps with the number of threads. */
import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';
import type { BenchmarkResult } from '../../train/benchmark';
import type { Throughput } from '../../train/throughput';
import { UserError } from '../../util/userError';
import { alignColumns } from '../table';
import type { BenchOptions } from './benchOptions';

/** The measurements for one number of threads. */
export interface ThreadsRow {
  threads: number;
  result: BenchmarkResult;
  throughput: Throughput;
}

/** @throws {UserError} unless the list consists of different whole numbers from 1 */
export function threadCounts(list: string): number[] {
  const counts = list.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : 0));
  if (counts.some((count) => count < 1 || count > 4096) || new Set(counts).size < counts.length)
    throw new UserError(
      `--threads ${list}: give different whole numbers from 1, separated by commas, such as 1,2,4.`,
    );
  return counts;
}

/** Measures each number of threads in separate processes: TensorFlow's thread pools are fixed by a process's first session. */
export async function benchThreads(options: BenchOptions, list: string): Promise<void> {
  const counts = threadCounts(list);
  const alone = ['profile', 'graph', 'weights', 'throughput', 'nproc_per_node', 'nnodes'] as const;
  const other = alone.find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw new UserError(`--threads cannot be used together with --${other}.`);
  const rows: ThreadsRow[] = [];
  for (const threads of counts) {
    process.stderr.write(`nlvr: measuring ${threads} ${threads === 1 ? 'thread' : 'threads'}\n`);
    const throughput = (await measure(options, threads, ['--throughput'])) as Throughput;
    rows.push({
      threads,
      throughput,
      result: (await measure(options, threads)) as BenchmarkResult,
    });
  }
  process.stdout.write(
    options.json ? `${JSON.stringify(rows)}\n` : threadsTable(rows, options).join('\n'),
  );
}

async function measure(
  options: BenchOptions,
  threads: number,
  flags: readonly string[] = [],
): Promise<unknown> {
  const { config, device, tensorflow, set } = options;
  const named = Object.entries({ config, device, tensorflow });
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...process.execArgv,
    process.argv[1] ?? '',
    'bench',
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...['--batch', String(options.batch), '--length', String(options.length)],
    ...['--steps', String(options.steps)],
    ...[...set, `threads=${threads}`].flatMap((assignment) => ['--set', assignment]),
    ...flags,
    '--json',
  ]);
  return JSON.parse(stdout);
}

/** Describes the machine and the model, followed by a table. */
export function threadsTable(
  rows: readonly ThreadsRow[],
  { batch, length }: Pick<BenchOptions, 'batch' | 'length'>,
): string[] {
  const [first] = rows;
  const { tensorflow, precision, parameters, flops } = first.result;
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  return [
    `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} threads, Node ${process.version}, ${process.platform} ${process.arch}`,
    `TensorFlow ${tensorflow}, ${precision}, ${parameters.toLocaleString('en')} parameters, batch ${batch}, ${length} tokens, ${(flops.training / 1e9).toFixed(1)} GFLOP per training step`,
    '',
    ...alignColumns([
      ['threads', 'training s', 'speedup', 'GFLOP/s', 'matmul', 'share', 'evaluation s', 'speedup'],
      ...rows.map(({ threads, result, throughput }) => {
        const speed = result.flops.training / result.step;
        return [
          String(threads),
          result.step.toFixed(3),
          (first.result.step / result.step).toFixed(2),
          (speed / 1e9).toFixed(0),
          (throughput.flops / 1e9).toFixed(0),
          percent(speed / throughput.flops),
          result.evaluation.toFixed(3),
          (first.result.evaluation / result.evaluation).toFixed(2),
        ];
      }),
    ]),
    '',
    'matmul: GFLOP/s of plain matrix products in the shapes of the model with the same threads; share: of it that the training step reaches.',
    '',
  ];
}
