/** Averages gradients over the ranks, as PyTorch's DistributedDataParallel (Li et al., VLDB 2020). */
import type { Output } from '../tensorflow/capi';
import { DType, elementCount } from '../tensorflow/dtypes';
import type { Trace } from '../trace/trace';
import { Collectives, Packing } from './collectives';
import type { RankSpec } from './rankSpec';

export interface GradientReduction {
  /** `bf16`: half the bytes on the network; sums are rounded to bfloat16 on each rank. */
  precision: 'fp32' | 'bf16';
  /** Maximum bytes of a bucket, unless one gradient is larger. Default: as DistributedDataParallel. */
  bucketBytes?: number;
  /** false: gradients are reduced only after the backward pass. For measurements. */
  overlap?: boolean;
}

/** DistributedDataParallel's `bucket_cap_mb`. */
const BUCKET_BYTES = 25 * 1024 * 1024;
/** DistributedDataParallel's first bucket, small so that communication starts early. */
const FIRST_BUCKET_BYTES = 1024 * 1024;

export interface NamedShape {
  name: string;
  shape: readonly number[];
}

/**
 * Buckets of parameters whose gradients are reduced in one message, in the order in which the backward pass computes them:
 * the reverse of the model's order. They depend only on names and shapes, so that all ranks have the same buckets.
 */
export function gradientBuckets(
  parameters: readonly NamedShape[],
  { bucketBytes = BUCKET_BYTES }: Pick<GradientReduction, 'bucketBytes'> = {},
): NamedShape[][] {
  const buckets: NamedShape[][] = [];
  let room = 0;
  for (const parameter of [...parameters].reverse()) {
    const bytes = 4 * elementCount(parameter.shape);
    if (buckets.length === 0 || bytes > room) {
      room = buckets.length === 0 ? Math.min(FIRST_BUCKET_BYTES, bucketBytes) : bucketBytes;
      buckets.push([]);
    }
    buckets.at(-1)?.push(parameter);
    room -= bytes;
  }
  return buckets;
}

/**
 * Adds the mean of each gradient over all ranks. A bucket's collective starts when its gradients exist, while the backward
 * pass continues.
 *
 * @param gradients by parameter, in the model's order; the same names on all ranks
 */
export function allReduceMean(
  trace: Trace,
  rankSpec: RankSpec,
  gradients: ReadonlyMap<string, Output>,
  reduction: GradientReduction,
): Map<string, Output> {
  if (rankSpec.worldSize === 1) return new Map(gradients);
  const { graph } = trace;
  const collectives = new Collectives(trace, rankSpec);
  const parameters = [...gradients].map(([name, value]) => ({ name, shape: graph.shapeOf(value) }));
  const means = new Map<string, Output>();
  const all = [...gradients.values()].map(({ oper }) => oper);
  let before = reduction.overlap === false ? all : [];
  gradientBuckets(parameters, reduction).forEach((bucket, number) => {
    const packing = new Packing(
      trace,
      bucket.map(({ shape }) => shape),
    );
    const name = `gradients/${reduction.precision}/${number}`;
    const values = bucket.map(({ name: parameter }) => gradients.get(parameter) as Output);
    const reduced = trace.after(before, () => {
      const packed = packing.pack(values);
      if (reduction.precision === 'fp32')
        return collectives.allReduce(packed, { name, runsOn: 'device' }, 'Div');
      const narrow = trace.cast(packed, DType.float32, DType.bfloat16);
      const sum = collectives.allReduce(narrow, { name, runsOn: 'device' });
      const wide = trace.cast(sum, DType.bfloat16, DType.float32);
      return trace.op('Mul', [wide, graph.scalar(1 / rankSpec.worldSize)], {
        T: { type: DType.float32 },
      });
    });
    // NCCL needs the same order of collectives on all ranks; a ring over gRPC does not.
    if (trace.device === 'gpu') before = [reduced.oper];
    packing.unpack(reduced).forEach((mean, i) => means.set(bucket[i]?.name ?? '', mean));
  });
  // In the model's order: the sum of the gradient norm depends on the order of its inputs.
  return new Map([...gradients.keys()].map((name) => [name, means.get(name) as Output]));
}
