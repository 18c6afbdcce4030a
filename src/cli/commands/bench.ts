import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { benchmark } from '../../train/benchmark';
import { formatBytes } from '../../train/diskSpace';
import { requireLibrary } from '../../train/modelSession';
import { UserError } from '../../util/userError';
import { configuration } from '../configuration';
import { quietNativeLog } from '../quietNativeLog';

export interface BenchOptions {
  config?: string;
  steps: number;
  batch: number;
  length: number;
  weights?: string;
  json?: boolean;
  device?: string;
  set: string[];
  tensorflow?: string;
}

/** `nlvr bench`: seconds and memory of a training and of an evaluation step. */
export async function bench(options: BenchOptions): Promise<void> {
  if (options.steps < 1 || options.batch < 1 || options.length < 2)
    throw new UserError('--steps and --batch must be at least 1, --length at least 2.');
  const scratch = mkdtempSync(join(tmpdir(), 'nlvr-bench-'));
  try {
    const file = options.config ?? join(scratch, 'nlvr.yaml');
    // Without a configuration: BLIP's defaults, which are all defaults here.
    if (options.config === undefined) writeFileSync(file, '{}\n');
    const loaded = configuration({
      config: file,
      set: options.set,
      ...(options.device && { device: options.device }),
    });
    const library = await requireLibrary(options.tensorflow);
    quietNativeLog();
    const result = await benchmark({
      loaded,
      library,
      batch: options.batch,
      length: options.length,
      steps: options.steps,
      ...(options.weights !== undefined && { weightsFile: resolve(options.weights) }),
    });
    process.stdout.write(
      options.json
        ? `${JSON.stringify(result)}\n`
        : [
            `TensorFlow ${result.tensorflow}, ${result.precision}, ${result.parameters.toLocaleString('en')} parameters, batch ${options.batch}`,
            `  training step    ${result.step.toFixed(3)} s (the first, with recording, ${result.firstStep.toFixed(1)} s)`,
            `  evaluation step  ${result.evaluation.toFixed(3)} s`,
            `  peak memory      ${formatBytes(result.peakBytes)}`,
            '',
          ].join('\n'),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
