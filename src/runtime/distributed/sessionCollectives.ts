/**
 * The ranks of a data parallel training, as torch.distributed's process group: each rank runs the same programs on its own
 * part of the data. With a world size of 1, all operations are the identity, so that callers need no special case.
 */
import * as tf from '@tensorflow/tfjs';
import { DType, elementCount } from '../tensorflow/dtypes';
import { RuntimeError } from '../errors';
import type { Program } from '../trace/program';
import type { Session } from '../session';
import { outputOf, rawOp, tensorOf } from '../trace/tracer';
import { Collectives, Packing } from './collectives';
import type { RankSpec } from './rankSpec';

/** Variables are broadcast in messages of about this size. */
const BROADCAST_BYTES = 25 * 1024 * 1024;

/** Collective operations on arrays and variables of a session, outside of training steps. */
export class SessionCollectives {
  private readonly programs = new Map<string, Program>();

  constructor(private readonly session: Session) {}

  get rankSpec(): RankSpec {
    return this.session.rankSpec;
  }

  get rank(): number {
    return this.rankSpec.rank;
  }

  get worldSize(): number {
    return this.rankSpec.worldSize;
  }

  /** Whether this is rank 0, the only one that writes the run folder. */
  get isMain(): boolean {
    return this.rank === 0;
  }

  /**
   * The sums of arrays of equal length over all ranks, bitwise equal on each. If only one rank has a number other than 0,
   * the sum is exactly that number.
   */
  async allReduceSum(values: Float32Array): Promise<Float32Array> {
    if (this.worldSize === 1) return values;
    const { length } = values;
    const program = this.program(`all_reduce_${length}`, () =>
      this.session.compile({
        name: `all_reduce_${length}`,
        inputs: { values: { shape: [length], dtype: 'float32' } },
        build: ({ values: input }, { trace }) => ({
          sum: tensorOf(
            new Collectives(trace, this.rankSpec).allReduce(outputOf(input), {
              name: `array/sum/${length}`,
              runsOn: 'host',
            }),
          ),
        }),
      }),
    );
    return (await program.run({ values }))['sum'] as Float32Array;
  }

  /** The arrays of all ranks, by rank. All have the same length. */
  async allGather(values: Int32Array): Promise<Int32Array[]> {
    const { worldSize } = this;
    if (worldSize === 1) return [values];
    const { length } = values;
    const program = this.program(`all_gather_${length}`, () =>
      this.session.compile({
        name: `all_gather_${length}`,
        inputs: { values: { shape: [length], dtype: 'int32' } },
        build: ({ values: input }, { trace }) => ({
          all: tensorOf(
            new Collectives(trace, this.rankSpec).allGather(outputOf(input), {
              name: `array/gather/${length}`,
              runsOn: 'host',
            }),
          ),
        }),
      }),
    );
    const all = (await program.run({ values }))['all'] as Int32Array;
    return Array.from({ length: worldSize }, (_, rank) =>
      all.slice(rank * length, (rank + 1) * length),
    );
  }

  /** Copies the variables of rank 0, where they have values, to all ranks. */
  async broadcastVariables(names: readonly string[]): Promise<void> {
    if (this.worldSize === 1) return;
    const { session } = this;
    const groups = groupBySize(names, (name) => 4 * elementCount(session.shapeOf(name)));
    for (const [number, group] of groups.entries()) {
      const program = session.compile({
        name: `broadcast_${number}`,
        inputs: {},
        build: (_inputs, scope) => {
          const { trace } = scope;
          const collectives = new Collectives(trace, this.rankSpec);
          const packing = new Packing(
            trace,
            group.map((name) => session.shapeOf(name)),
          );
          const collective = { name: `broadcast/${packing.length}`, runsOn: 'host' } as const;
          if (this.isMain) {
            const packed = packing.pack(group.map((name) => outputOf(scope.param(name))));
            return { sent: firstOf(tensorOf(collectives.send(packed, collective))) };
          }
          const received = collectives.receive([packing.length], DType.float32, collective);
          packing.unpack(received).forEach((value, i) => {
            const name = group[i];
            if (name !== undefined) scope.assign(name, tensorOf(value));
          });
          return { sent: firstOf(tensorOf(received)) };
        },
      });
      await program.run({});
    }
    session.markAssigned(names);
  }

  /**
   * Compares variables of all ranks by two 32-bit checksums each, which are computed on the device.
   *
   * @returns the first difference from rank 0, undefined where there is none
   */
  async firstDifference(
    names: readonly string[],
  ): Promise<{ rank: number; name: string } | undefined> {
    if (this.worldSize === 1) return undefined;
    const program = this.program(`digest_${names.length}`, () =>
      this.session.compile({
        name: 'weights_digest',
        inputs: {},
        build: (_inputs, scope) => ({
          digest: tf.stack(names.map((name) => digestOf(scope.param(name)))),
        }),
      }),
    );
    const own = (await program.run({}))['digest'] as Int32Array;
    const [first, ...others] = await this.allGather(own);
    if (!first) throw new RuntimeError('no rank has responded');
    for (const [i, digest] of others.entries()) {
      const at = digest.findIndex((value, k) => value !== first[k]);
      if (at >= 0) return { rank: i + 1, name: names[Math.floor(at / 2)] ?? '' };
    }
    return undefined;
  }

  private program(key: string, compile: () => Program): Program {
    let program = this.programs.get(key);
    if (!program) this.programs.set(key, (program = compile()));
    return program;
  }
}

/** One number of a large tensor, so that a run fetches little. */
function firstOf(x: tf.Tensor): tf.Tensor {
  return tf.slice(tf.reshape(x, [-1]), 0, 1);
}

/**
 * Two checksums of a tensor's bits, modulo 2^32: a plain sum, and one weighted by odd numbers that differ by position.
 * Integer addition has no rounding, so that equal bits give equal sums with any number of threads.
 *
 * @returns int32 [2]
 */
function digestOf(x: tf.Tensor): tf.Tensor {
  const bits = rawOp('Bitcast', [tf.reshape(x, [-1])], {
    T: { type: DType.float32 },
    type: { type: DType.int32 },
  });
  const weights = tf.add(
    tf.mul(tf.range(0, x.size, 1, 'int32'), tf.scalar(2, 'int32')),
    tf.scalar(1, 'int32'),
  );
  return tf.stack([tf.sum(bits), tf.sum(tf.mul(bits, weights))]);
}

function groupBySize(names: readonly string[], bytesOf: (name: string) => number): string[][] {
  const groups: string[][] = [];
  let bytes = Infinity;
  for (const name of names) {
    if (bytes >= BROADCAST_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(name);
    bytes += bytesOf(name);
  }
  return groups;
}
