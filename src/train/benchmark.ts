/** Measures training and evaluation steps on synthetic inputs, without a data set. */
import { stepFlops, type StepFlops } from '../model/flops';
import { modelKeyValues } from '../model/checkpointOrigin';
import { PeakMemory } from './peakMemory';
import type { LoadedConfig } from '../config/load';
import type { Library } from '../runtime/install/library';
import { saveWeights } from './checkpoint/checkpoints';
import { probabilityTrue } from '../analysis/metrics';
import { initializeWeights, openModelSession } from './modelSession';
import { NlvrPrograms } from './programs';
import { reductionSize } from './ranks/stepReduction';
import { elementCount } from '../runtime/tensorflow/dtypes';
import { INITIAL_SCALE } from '../runtime/optimizer/lossScale';
import { gradientBuckets } from '../runtime/distributed/gradients';
import type { RankSpec } from '../runtime/distributed/rankSpec';
import type { OpTiming } from '../runtime/tensorflow/stepStats';
import type { Precision } from '../util/precision';

export interface BenchmarkRequest {
  /** The rank of this process; by default the only one. */
  rankSpec?: RankSpec;
  /** false: gradients are reduced only after the backward pass. */
  overlap?: boolean;
  /** Maximum bytes of gradients in one collective; by default as in a training. */
  bucketBytes?: number;
  loaded: LoadedConfig;
  library: Library;
  /** Examples per step. */
  batch: number;
  /** Tokens of a sentence. */
  length: number;
  /** Timed steps, after a warm-up step. */
  steps: number;
  /** File to save the weights to, so that another program can be measured with them. */
  weightsFile?: string;
  /** Called with the traced graph, a serialized `GraphDef`. */
  onGraph?: (definition: Uint8Array) => void;
  /** Whether to time the operations of an additional training step. */
  profile?: boolean;
}

export interface BenchmarkResult {
  /** Mean cross-entropy of the batch before training, without dropout: a check for equal weights and inputs. */
  loss: number;
  /** Median seconds of a training step and of an evaluation step. */
  step: number;
  evaluation: number;
  /** With several ranks: median seconds until the gradients of this rank existed. */
  ownStep?: number;
  /** Bytes of all gradients, and of each bucket in which several ranks reduce them, in order. */
  gradientBytes: number;
  bucketBytes: number[];
  /** Seconds until the first training step was done: tracing, graph optimization and run. */
  firstStep: number;
  /** Largest private memory (`PeakMemory`). */
  peakBytes: number;
  parameters: number;
  /** Floating point operations of a step's matrix products. */
  flops: StepFlops;
  precision: Precision;
  tensorflow: string;
  /** Timings of a training step, if requested. */
  profile?: OpTiming[];
}

export async function benchmark(request: BenchmarkRequest): Promise<BenchmarkResult> {
  const { loaded, library, batch: n, length, steps } = request;
  const { config } = loaded;
  const peak = new PeakMemory();
  const opened = await openModelSession({
    loaded,
    library,
    ...(request.rankSpec && { rankSpec: request.rankSpec }),
  });
  try {
    const { session, model, shapes } = opened;
    await initializeWeights(opened, loaded, undefined, { allowMissing: true });
    const origin = { model: modelKeyValues(model), run: null };
    const checkpoint = { session, shapes, trainable: [...shapes.keys()], origin };
    if (request.weightsFile !== undefined) await saveWeights(checkpoint, request.weightsFile, null);
    const programs = new NlvrPrograms(session, model, {
      training: config,
      trainable: checkpoint.trainable,
      frozenVit: false,
      pixels: 'uint8',
      ...(request.overlap === false && { overlap: false }),
      ...(request.bucketBytes !== undefined && { bucketBytes: request.bucketBytes }),
    });
    const images = Uint8Array.from(
      { length: 2 * n * config.image_size ** 2 * 3 },
      (_, i) => Math.imul(i, 2654435761) >>> 24,
    );
    const text = {
      inputIds: Int32Array.from(
        { length: n * length },
        (_, i) => 1 + (i % (model.text.vocabularySize - 1)),
      ),
      attentionMask: new Int32Array(n * length).fill(1),
    };
    const labels = Int32Array.from({ length: n }, (_, i) => i % 2);

    programs.reserveSlots(2 * n);
    const slots = Int32Array.from({ length: 2 * n }, (_, i) => i);
    const chunk = programs.imagesPerEncoding(2 * n);
    const evaluate = async (): Promise<Float32Array> => {
      const bytes = images.length / (2 * n);
      for (let start = 0; start < 2 * n; start += chunk) {
        const from = Math.min(start, 2 * n - chunk);
        await programs.encodingProgram(chunk).run({
          images: images.subarray(from * bytes, (from + chunk) * bytes),
          slots: slots.subarray(from, from + chunk),
        });
      }
      const outputs = await programs
        .classificationProgram(n, length)
        .run({ left: slots.subarray(0, n), right: slots.subarray(n), ...text });
      return outputs['logits'] as Float32Array;
    };
    const logits = await evaluate();
    const loss = labels.reduce((sum, label, i) => {
      const p = probabilityTrue([logits[2 * i], logits[2 * i + 1]]);
      return sum - Math.log(label === 1 ? p : 1 - p) / n;
    }, 0);
    const evaluation = await medianSeconds(steps, evaluate);

    let step = 0;
    const own: number[] = [];
    const train = async (onProfile?: (timings: OpTiming[]) => void): Promise<void> => {
      const results = await programs.trainingProgram(n, length).run(
        {
          images,
          ...text,
          labels,
          seed: Int32Array.of(step, config.seed),
          report: new Float32Array(
            reductionSize(config.accumulate_steps, session.rankSpec.worldSize),
          ),
          lr: config.init_lr,
          step: ++step,
          ...(opened.precision === 'fp16' && { loss_scale: INITIAL_SCALE }),
        },
        onProfile,
      );
      if (results['own_ms']) own.push(results['own_ms'][0] / 1000);
    };
    const began = performance.now();
    await train();
    const firstStep = (performance.now() - began) / 1000;
    own.length = 0;
    const seconds = await medianSeconds(steps, train);
    const ownStep = own.sort((a, b) => a - b)[own.length >> 1] as number | undefined;
    const peakBytes = peak.bytes;
    request.onGraph?.(session.graphDefinition());
    let profile: OpTiming[] | undefined;
    if (request.profile) await train((timings) => (profile = timings));
    const buckets = gradientBuckets(
      [...shapes].map(([name, shape]) => ({ name, shape })),
      request,
    ).map((bucket) => bucket.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0));
    return {
      loss,
      step: seconds,
      ...(ownStep !== undefined && { ownStep }),
      gradientBytes: buckets.reduce((sum, bytes) => sum + bytes, 0),
      bucketBytes: buckets,
      evaluation,
      firstStep,
      peakBytes,
      parameters: [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0),
      flops: stepFlops(model, n, length),
      precision: opened.precision,
      tensorflow: session.info.tensorflow,
      ...(profile && { profile }),
    };
  } finally {
    peak.stop();
    await opened.dispose();
  }
}

async function medianSeconds(count: number, run: () => Promise<unknown>): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await run();
    seconds.push((performance.now() - began) / 1000);
  }
  return seconds.sort((a, b) => a - b)[count >> 1];
}
