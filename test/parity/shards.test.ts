/** Properties of shards in addition to BLIP's numbers, which modelGolden.test.ts compares with and without them. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeImages } from '../../src/model/blipNlvr';
import type { NlvrModelConfig } from '../../src/model/config';
import { splitIntoShards } from '../../src/runtime/trace/shards';
import type { Session } from '../../src/runtime/session';
import { type Golden, configOf, fixture, loadInto, openSession, readJson } from './support';

const FOLDER = 'tiny-a';

describe('shards of a batch', () => {
  let config: NlvrModelConfig;
  let session: Session;
  beforeAll(async () => {
    const { meta } = readJson<Golden>(FOLDER, 'expected.json');
    config = configOf(FOLDER, meta.image_size, meta.vit, { dropPathRate: 0.5 });
    session = await openSession({ threads: 2 });
    await loadInto(session, config, fixture(FOLDER, 'model.pth'));
  });
  afterAll(() => session.dispose());

  const pixels = (...seeds: number[]): Float32Array => {
    const size = config.imageSize ** 2 * 3;
    return Float32Array.from({ length: seeds.length * size }, (_, i) =>
      Math.sin((i % size) * (0.1 + (seeds[Math.floor(i / size)] ?? 0))),
    );
  };

  it('are as many as threads, of nearly equal size', () => {
    const sizesOf = (m: number): number[] => {
      let sizes: number[] = [];
      session.compile({
        name: `split_${m}`,
        inputs: { x: { shape: [m, 3], dtype: 'float32' } },
        build: ({ x }) => {
          const parts = splitIntoShards(x);
          sizes = parts.map(({ shape }) => shape[0] ?? 0);
          return { y: tf.concat(parts) };
        },
      });
      return sizes;
    };
    expect(sizesOf(6)).toEqual([3, 3]);
    expect(sizesOf(5)).toEqual([2, 3]);
    expect(sizesOf(1)).toEqual([1]);
  });

  it('give an image in its own shard identical features', async () => {
    const { imageSize } = config;
    const program = session.compile({
      name: 'pair',
      inputs: { images: { shape: [2, imageSize, imageSize, 3], dtype: 'float32' } },
      build: ({ images }, scope) => ({
        features: encodeImages(config, images, {
          param: (name) => scope.param(name),
          training: false,
        }),
      }),
    });
    const encode = async (...seeds: number[]): Promise<Float32Array> =>
      (await program.run({ images: pixels(...seeds) }))['features'] as Float32Array;
    const [there, back, other] = [await encode(1, 2), await encode(2, 1), await encode(1, 3)];
    const half = there.length / 2;
    expect(back.subarray(half)).toEqual(there.subarray(0, half));
    expect(back.subarray(0, half)).toEqual(there.subarray(half));
    expect(other.subarray(0, half)).toEqual(there.subarray(0, half));
  });

  it('drop the same examples in stochastic depth as without shards', async () => {
    const featuresOf = async (its: Session, name: string): Promise<Float32Array> => {
      const { imageSize } = config;
      const program = its.compile({
        name,
        inputs: {
          images: { shape: [4, imageSize, imageSize, 3], dtype: 'float32' },
          seed: { shape: [2], dtype: 'int32' },
        },
        build: ({ images, seed }, scope) => ({
          features: encodeImages(config, images, {
            param: (parameter) => scope.param(parameter),
            training: true,
            seed,
          }),
        }),
      });
      const feeds = { images: pixels(1, 1, 1, 1), seed: Int32Array.of(7, 42) };
      return (await program.run(feeds))['features'] as Float32Array;
    };
    const inLanes = await featuresOf(session, 'drop_paths');
    const alone = await openSession({ threads: 1 });
    try {
      await loadInto(alone, config, fixture(FOLDER, 'model.pth'));
      const whole = await featuresOf(alone, 'drop_paths');
      expect(inLanes).toHaveLength(whole.length);
      const difference = Math.max(...inLanes.map((value, i) => Math.abs(value - whole[i])));
      expect(difference).toBeLessThan(1e-4);
    } finally {
      await alone.dispose();
    }
  });

  it('drop paths independently of each other', async () => {
    const { imageSize } = config;
    const perShard = 8;
    const program = session.compile({
      name: 'paths',
      inputs: {
        images: { shape: [2 * perShard, imageSize, imageSize, 3], dtype: 'float32' },
        seed: { shape: [2], dtype: 'int32' },
      },
      build: ({ images, seed }, scope) => ({
        features: encodeImages(config, images, {
          param: (name) => scope.param(name),
          training: true,
          seed,
        }),
      }),
    });
    const images = pixels(...new Array<number>(2 * perShard).fill(1));
    const { features } = await program.run({ images, seed: Int32Array.of(1, 2) });
    const size = (features as Float32Array).length / (2 * perShard);
    // Equal images differ only by the dropped paths.
    const first = Array.from(
      { length: 2 * perShard },
      (_, i) => (features as Float32Array)[i * size] ?? NaN,
    );
    expect(new Set(first).size).toBeGreaterThan(1);
    expect(first.slice(0, perShard)).not.toEqual(first.slice(perShard));
  });
});
