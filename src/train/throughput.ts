/** Measures the machine's matrix throughput, the limit that a step's speed is compared with. */
import * as tf from '@tensorflow/tfjs';
import type { NlvrModelConfig } from '../model/config';
import { flopsOf, products, type Product } from '../model/flops';
import type { Library } from '../runtime/install/library';
import type { OperationPointer } from '../runtime/tensorflow/capi';
import { DType } from '../runtime/tensorflow/dtypes';
import { Session, type SessionOptions } from '../runtime/session';
import { outputOf, rawOp } from '../runtime/trace/tracer';

export interface ThroughputRequest extends Pick<
  SessionOptions,
  'device' | 'precision' | 'threads'
> {
  library: Library;
  model: NlvrModelConfig;
  /** Pairs of images, and tokens of a sentence, of the step to compare with. */
  batch: number;
  length: number;
}

export interface Throughput {
  /** Floating point operations per second, over all measured shapes, weighted by their share of the model's work. */
  flops: number;
  /** Threads of one product. */
  threads: number;
}

/** Minimum share of the products with weights that the measured shapes cover. */
const MIN_COVERAGE = 0.9;
/** Operations of a run: enough to time it. */
const FLOPS_PER_RUN = 10e9;
const MAX_PRODUCTS = 64;
/** Timed runs of a shape, after a warm-up run; the fastest counts. */
const RUNS = 4;

/**
 * Times TensorFlow's matrix products in the shapes and the precision in which the model multiplies activations by weights,
 * without rounding to bfloat16. A process has one number of threads: measure another number in another process.
 */
export async function matrixThroughput(request: ThroughputRequest): Promise<Throughput> {
  const { model, batch, length, ...options } = request;
  const session = await Session.open({ ...options, xla: false });
  try {
    let [work, seconds] = [0, 0];
    for (const [i, shape] of mainShapes(products(model, batch, length)).entries()) {
      work += shape.work;
      seconds += shape.work / (await throughputOf(session, shape, i));
    }
    return { flops: work / seconds, threads: session.threads };
  } finally {
    await session.dispose();
  }
}

interface Shape extends Pick<Product, 'rows' | 'inner' | 'columns'> {
  /** Floating point operations of a training step in this shape. */
  work: number;
}

/** The shapes with most of the work in products with weights, the largest share first. */
export function mainShapes(list: readonly Product[]): Shape[] {
  const shapes = new Map<string, Shape>();
  for (const product of list) {
    if (product.kind !== 'weight') continue;
    const { rows, inner, columns, count, training } = product;
    const key = [rows, inner, columns].join();
    const shape = shapes.get(key) ?? { rows, inner, columns, work: 0 };
    shape.work += training * count * flopsOf(product);
    shapes.set(key, shape);
  }
  const sorted = [...shapes.values()].sort((a, b) => b.work - a.work);
  const all = sorted.reduce((sum, { work }) => sum + work, 0);
  let covered = 0;
  return sorted.filter(({ work }) => {
    const wanted = covered < MIN_COVERAGE * all;
    covered += work;
    return wanted;
  });
}

/** Floating point operations per second of x · weightᵀ in this shape. */
async function throughputOf(session: Session, shape: Shape, index: number): Promise<number> {
  const { rows, inner, columns } = shape;
  const one = 2 * rows * inner * columns;
  const count = Math.max(1, Math.min(MAX_PRODUCTS, Math.round(FLOPS_PER_RUN / one)));
  const [left, weight] = [`throughput.left.${index}`, `throughput.weight.${index}`];
  session.variable(left, [rows, inner]);
  session.variable(weight, [columns, inner]);
  const ramp = (length: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => (i % 17) / 16 - 0.5);
  await session.assign([
    [left, ramp(rows * inner)],
    [weight, ramp(columns * inner)],
  ]);
  const program = session.compile({
    name: `throughput_${rows}x${inner}x${columns}`,
    inputs: {},
    build: (_, scope) => {
      // One after the other by control edges, so that TensorFlow does not merge them.
      let before: OperationPointer[] = [];
      const corners = Array.from({ length: count }, () => {
        const product = scope.trace.after(before, () =>
          rawOp('MatMul', [scope.param(left), scope.param(weight)], {
            T: { type: DType.float32 },
            transpose_a: { bool: false },
            transpose_b: { bool: true },
          }),
        );
        before = [outputOf(product).oper];
        return tf.slice(product, [0, 0], [1, 1]);
      });
      return { corners: tf.concat(corners, 0) };
    },
  });
  await program.run({});
  let fastest = Infinity;
  for (let run = 0; run < RUNS; run++)
    await program.run({}, (timings) => {
      const multiplied = timings.filter(({ op }) => op.includes('MatMul'));
      const seconds = multiplied.reduce((sum, { duration }) => sum + duration / 1000, 0);
      fastest = Math.min(fastest, seconds / multiplied.length);
    });
  await session.releaseVariable(left);
  await session.releaseVariable(weight);
  return one / fastest;
}
