/**
 * Collective operations inside programs: TensorFlow's CollectiveReduce, CollectiveGather and CollectiveBcast, a ring
 * over gRPC on CPUs, NCCL on GPUs. Every rank must run every collective, in programs that hold the same set of them.
 */
import type { Output } from '../tensorflow/capi';
import { DType, elementCount } from '../tensorflow/dtypes';
import type { Attribute } from '../tensorflow/graph';
import type { Trace } from '../trace/trace';
import { type RankSpec, taskName } from './rankSpec';

/** Group keys of the ranks, by the kind of device: a group has one kind. */
const Group = { host: 1, device: 2 } as const;

export interface Collective {
  /**
   * Name of the collective, the same on all ranks. Ranks are matched by this name, so that programs with different input
   * shapes (text lengths) may share it; the value's shape must be the same on all ranks.
   */
  name: string;
  /** `host`: on the CPUs; `device`: on the device of the programs. */
  runsOn: keyof typeof Group;
}

/** Adds collectives to a trace. With a world size of 1, each of them is the identity. */
export class Collectives {
  constructor(
    private readonly trace: Trace,
    private readonly rankSpec: RankSpec,
  ) {}

  /**
   * The sum over all ranks, bitwise equal on each.
   *
   * @param value any shape, the same on all ranks; float32, bfloat16 or int32
   * @param final `Div` divides the sum by the world size
   */
  allReduce(value: Output, collective: Collective, final: 'Id' | 'Div' = 'Id'): Output {
    if (this.rankSpec.worldSize === 1) return value;
    return this.add('CollectiveReduce', [value], collective, {
      T: { type: this.trace.graph.typeOf(value) },
      merge_op: { string: 'Add' },
      final_op: { string: final },
      subdiv_offsets: { ints: [0] },
    });
  }

  /**
   * The values of all ranks, concatenated along the first dimension.
   *
   * @param value [n, …], the same shape on all ranks
   * @returns [worldSize · n, …]
   */
  allGather(value: Output, collective: Collective): Output {
    const { worldSize } = this.rankSpec;
    if (worldSize === 1) return value;
    const { graph } = this.trace;
    const [n = 1, ...rest] = graph.shapeOf(value);
    return this.add('CollectiveGather', [value], collective, {
      T: { type: graph.typeOf(value) },
      shape: { shape: [n * worldSize, ...rest] },
    });
  }

  /** Sends rank 0's value to the other ranks. Only on rank 0. */
  send(value: Output, collective: Collective): Output {
    const { graph } = this.trace;
    return this.add('CollectiveBcastSend', [value], collective, {
      T: { type: graph.typeOf(value) },
      shape: { shape: graph.shapeOf(value) },
    });
  }

  /** Receives rank 0's value. Only on the other ranks. */
  receive(shape: readonly number[], dtype: DType, collective: Collective): Output {
    return this.add('CollectiveBcastRecv', [], collective, {
      T: { type: dtype },
      shape: { shape },
    });
  }

  private add(
    type: string,
    inputs: readonly Output[],
    { name, runsOn }: Collective,
    attributes: Record<string, Attribute>,
  ): Output {
    const { rank, worldSize } = this.rankSpec;
    return this.trace.op(
      type,
      inputs,
      {
        ...attributes,
        group_size: { int: worldSize },
        group_key: { int: Group[runsOn] },
        instance_key: { int: instanceKey(name) },
        // TensorFlow uses NCCL only with this hint, and only for GPUs: CPUs use the ring in any case
        // (common_runtime/collective_param_resolver_local.cc, AssignCollectiveType).
        communication_hint: { string: runsOn === 'device' ? 'nccl' : 'ring' },
      },
      runsOn === 'host' ? { device: `${taskName(rank)}/device:CPU:0` } : {},
    );
  }
}

/** Packs values of several shapes into one vector, and back: one large message instead of many small ones. */
export class Packing {
  /** @param shapes of the values, in order */
  constructor(
    private readonly trace: Trace,
    private readonly shapes: readonly (readonly number[])[],
  ) {}

  get length(): number {
    return this.shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
  }

  /** @param values float32, of these shapes @returns [length] */
  pack(values: readonly Output[]): Output {
    const flat = values.map((value) => this.reshape(value, [-1]));
    const [only] = flat;
    if (flat.length === 1 && only) return only;
    return this.trace.op('ConcatV2', [flat, this.trace.graph.scalar(0, DType.int32)], {
      T: { type: DType.float32 },
      Tidx: { type: DType.int32 },
    });
  }

  /** @param vector [length] @returns values of the shapes */
  unpack(vector: Output): Output[] {
    const { trace, shapes } = this;
    const parts =
      shapes.length === 1
        ? [vector]
        : trace.add(
            'SplitV',
            [vector, this.ints(shapes.map(elementCount)), trace.graph.scalar(0, DType.int32)],
            {
              T: { type: DType.float32 },
              Tlen: { type: DType.int32 },
              num_split: { int: shapes.length },
            },
          );
    return parts.map((part, i) => this.reshape(part, shapes[i] ?? []));
  }

  private reshape(value: Output, shape: readonly number[]): Output {
    return this.trace.op('Reshape', [value, this.ints(shape)], {
      T: { type: DType.float32 },
      Tshape: { type: DType.int32 },
    });
  }

  private ints(values: readonly number[]): Output {
    return this.trace.constant([values.length], DType.int32, Int32Array.from(values));
  }
}

const names = new Map<number, string>();

/**
 * The instance key of a collective's name, the same on all ranks: FNV-1a, 31 bits.
 * @throws Error when two names have the same key
 */
function instanceKey(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  const key = (hash >>> 1) | 1;
  const other = names.get(key);
  if (other !== undefined && other !== name)
    throw new Error(`collectives ${other} and ${name} have the same key`);
  names.set(key, name);
  return key;
}
