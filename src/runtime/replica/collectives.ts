/**
 * Collective operations inside programs: TensorFlow's CollectiveReduce, CollectiveGather and CollectiveBcast, a ring
 * over gRPC on CPUs, NCCL on GPUs. Every rank must run every collective, in programs that hold the same set of them.
 */
import type { Output } from '../tensorflow/capi';
import { DType, elementCount } from '../tensorflow/dtypes';
import type { Attribute } from '../tensorflow/graph';
import type { Trace } from '../trace/trace';
import { type ReplicaSpec, taskName } from './spec';

/** Ranks of a collective, by the devices they take part with: a group has one kind of device. */
const Group = { host: 1, device: 2 } as const;

export interface Collective {
  /**
   * Name of the collective, the same on all ranks. Ranks meet by this name, so programs of different shapes (text
   * lengths) may share it; the value's own shape must be the same everywhere.
   */
  name: string;
  /** `host`: on the CPUs, whatever device the programs run on; `device`: where the programs run. */
  place: keyof typeof Group;
}

/** Adds the collectives of one rank to a trace. With a world size of 1 every one of them is the identity. */
export class Collectives {
  constructor(
    private readonly trace: Trace,
    private readonly replica: ReplicaSpec,
  ) {}

  /**
   * The sum over all ranks, the same bits on each.
   *
   * @param value any shape, the same on all ranks; float32, bfloat16 or int32
   * @param final `Div` divides the sum by the world size
   */
  allReduce(value: Output, collective: Collective, final: 'Id' | 'Div' = 'Id'): Output {
    if (this.replica.worldSize === 1) return value;
    return this.add('CollectiveReduce', [value], collective, {
      T: { type: this.trace.graph.typeOf(value) },
      merge_op: { string: 'Add' },
      final_op: { string: final },
      subdiv_offsets: { ints: [0] },
    });
  }

  /**
   * The values of all ranks, one after the other along the first dimension.
   *
   * @param value [n, …], the same shape on all ranks
   * @returns [worldSize · n, …]
   */
  allGather(value: Output, collective: Collective): Output {
    const { worldSize } = this.replica;
    if (worldSize === 1) return value;
    const { graph } = this.trace;
    const [n = 1, ...rest] = graph.shapeOf(value);
    return this.add('CollectiveGather', [value], collective, {
      T: { type: graph.typeOf(value) },
      shape: { shape: [n * worldSize, ...rest] },
    });
  }

  /** Sends rank 0's value to the others. For rank 0 only. */
  send(value: Output, collective: Collective): Output {
    const { graph } = this.trace;
    return this.add('CollectiveBcastSend', [value], collective, {
      T: { type: graph.typeOf(value) },
      shape: { shape: graph.shapeOf(value) },
    });
  }

  /** Rank 0's value, on the other ranks. */
  receive(shape: readonly number[], dtype: DType, collective: Collective): Output {
    return this.add('CollectiveBcastRecv', [], collective, {
      T: { type: dtype },
      shape: { shape },
    });
  }

  private add(
    type: string,
    inputs: readonly Output[],
    { name, place }: Collective,
    attributes: Record<string, Attribute>,
  ): Output {
    const { rank, worldSize } = this.replica;
    return this.trace.op(
      type,
      inputs,
      {
        ...attributes,
        group_size: { int: worldSize },
        group_key: { int: Group[place] },
        instance_key: { int: instanceKey(name) },
        // TensorFlow takes NCCL only where it is asked for by name, and for GPUs only: CPUs use the ring all the same
        // (common_runtime/collective_param_resolver_local.cc, AssignCollectiveType).
        communication_hint: { string: place === 'device' ? 'nccl' : 'ring' },
      },
      place === 'host' ? { device: `${taskName(rank)}/device:CPU:0` } : {},
    );
  }
}

/** Values of several shapes as one vector, and back: few large messages instead of many small ones. */
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
 * The number that stands for a collective's name on all ranks: FNV-1a, 31 bits.
 * @throws Error where two names in use have the same number
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
