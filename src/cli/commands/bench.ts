import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessGroup } from '../../distributed/processGroup';
import { benchmark } from '../../train/benchmark';
import { formatBytes } from '../../util/formatBytes';
import type { LoadedConfig } from '../../config/load';
import { readModelConfig } from '../../model/config';
import type { Library } from '../../runtime/install/library';
import { Session } from '../../runtime/session';
import { chromeTrace } from '../../runtime/tensorflow/chromeTrace';
import type { OpTiming } from '../../runtime/tensorflow/stepStats';
import { replaceFile, writeAll, writeFileAtomic } from '../../util/atomicFile';
import { precisionOf, requireLibrary } from '../../train/modelSession';
import { matrixThroughput, type ThroughputRequest } from '../../train/throughput';
import { UserError } from '../../util/userError';
import { loadConfiguration } from '../loadConfiguration';
import type { BenchOptions } from './benchOptions';
import { benchThreads } from './benchThreads';
import { inProcessGroup } from '../processGroup';
import { quietNativeLog } from '../quietNativeLog';
import { userPath } from '../userPath';

/** `nlvr bench`: measures the time and memory of a training step and an evaluation step. */
export async function bench(options: BenchOptions): Promise<void> {
  requireCounts(options);
  if (options.threads !== undefined) {
    await benchThreads(options, options.threads);
    return;
  }
  if (options.throughput && (options.nproc_per_node !== undefined || options.nnodes !== undefined))
    throw new UserError('--throughput measures one process.');
  await inProcessGroup(options, { run: (group) => benchInGroup(options, group) });
}

function requireCounts(options: BenchOptions): void {
  if (options.steps < 1 || options.batch < 1 || options.length < 2)
    throw new UserError('--steps and --batch must be at least 1, --length at least 2.');
  if (options.bucket_mb === 0) throw new UserError('--bucket_mb must be at least 1.');
}

async function benchInGroup(options: BenchOptions, group: ProcessGroup): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'nlvr-bench-'));
  try {
    const file = options.config ?? join(scratch, 'nlvr.yaml');
    // An empty configuration has BLIP's defaults.
    if (options.config === undefined) writeFileSync(file, '{}\n');
    const loaded = loadConfiguration({
      config: file,
      set: options.set,
      ...(options.device && { device: options.device }),
    });
    const library = await requireLibrary(options.tensorflow);
    quietNativeLog();
    if (options.throughput) {
      const throughput = await matrixThroughput(await throughputRequest(options, loaded, library));
      process.stdout.write(
        options.json
          ? `${JSON.stringify(throughput)}\n`
          : `matrix products in the model's shapes: ${gigaflops(throughput.flops)} with ${throughput.threads} ${throughput.threads === 1 ? 'thread' : 'threads'}\n`,
      );
      return;
    }
    const timed = benchmark({
      rankSpec: group.rankSpec,
      ...(options.no_overlap && { overlap: false }),
      ...(options.bucket_mb !== undefined && { bucketBytes: options.bucket_mb * 1024 * 1024 }),
      loaded,
      library,
      batch: options.batch,
      length: options.length,
      steps: options.steps,
      ...(options.profile && { profile: true }),
      ...(options.graph !== undefined &&
        group.isMain && { onGraph: graphWriter(userPath(options.graph)) }),
      ...(options.weights !== undefined && { weightsFile: userPath(options.weights) }),
    });
    // A collective never returns after another rank has ended.
    const result = await Promise.race([timed, group.failed]);
    await group.close();
    if (!group.isMain) return;
    if (typeof options.profile === 'string')
      writeFileAtomic(userPath(options.profile), chromeTrace(result.profile ?? []));
    process.stdout.write(
      options.json
        ? `${JSON.stringify(result)}\n`
        : [
            `TensorFlow ${result.tensorflow}, ${result.precision}, ${result.parameters.toLocaleString('en')} parameters, batch ${options.batch}`,
            `  training step    ${result.step.toFixed(3)} s, ${gigaflops(result.flops.training / result.step)} (the first, with tracing, ${result.firstStep.toFixed(1)} s)`,
            ...(result.ownStep === undefined
              ? []
              : [
                  `    of which this process computed for ${result.ownStep.toFixed(3)} s until its gradients were complete`,
                ]),
            `  evaluation step  ${result.evaluation.toFixed(3)} s, ${gigaflops(result.flops.evaluation / result.evaluation)}`,
            `  peak memory      ${formatBytes(result.peakBytes)} (private pages)`,
            ...(result.profile ? ['', ...profileTable(result.profile)] : []),
            '',
          ].join('\n'),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const gigaflops = (perSecond: number): string => `${(perSecond / 1e9).toFixed(0)} GFLOP/s`;

async function throughputRequest(
  { batch, length }: BenchOptions,
  loaded: LoadedConfig,
  library: Library,
): Promise<ThroughputRequest> {
  const { config, folder } = loaded;
  const { precision } = await precisionOf(loaded, library);
  const gpu = config.device !== 'cpu' && (await Session.hasGpu(library, precision));
  return {
    library,
    model: readModelConfig(config, folder),
    batch,
    length,
    precision,
    device: gpu ? 'gpu' : 'cpu',
    threads: config.threads,
  };
}

/** Returns a function that writes a graph to a file. */
function graphWriter(file: string): (definition: Uint8Array) => void {
  return (definition) => replaceFile(file, (fd) => writeAll(fd, definition));
}

const PROFILED_OPS = 24;

/** Operations of one training step by type, the longest first. Shares are of the sum, because operations run in parallel. */
function profileTable(timings: readonly OpTiming[]): string[] {
  const byOp = new Map<string, { count: number; duration: number; bytes: number }>();
  for (const { op, duration, bytes } of timings) {
    const sum = byOp.get(op) ?? { count: 0, duration: 0, bytes: 0 };
    byOp.set(op, {
      count: sum.count + 1,
      duration: sum.duration + duration,
      bytes: sum.bytes + bytes,
    });
  }
  const total = timings.reduce((sum, { duration }) => sum + duration, 0);
  return [
    `  ${'op'.padEnd(28)}${'runs'.padStart(6)}${'ms'.padStart(10)}${'share'.padStart(8)}${'allocated'.padStart(12)}`,
    ...[...byOp]
      .sort(([, a], [, b]) => b.duration - a.duration)
      .slice(0, PROFILED_OPS)
      .map(
        ([op, { count, duration, bytes }]) =>
          `  ${op.padEnd(28)}${String(count).padStart(6)}${duration.toFixed(1).padStart(10)}` +
          `${`${((100 * duration) / total).toFixed(1)}%`.padStart(8)}${formatBytes(bytes).padStart(12)}`,
      ),
  ];
}
