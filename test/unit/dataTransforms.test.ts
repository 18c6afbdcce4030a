import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/image/decode';
import { autoContrast } from '../../src/data/image/color';
import type { augmentations } from '../../src/data/image/randAugment';
import { augment, randAugment } from '../../src/data/image/randAugment';
import { randomCrop } from '../../src/data/image/randomCrop';
import { resizeBicubic } from '../../src/data/image/resize';
import type { RgbImage } from '../../src/data/image/rgbImage';
import { evaluationTransform, trainingTransform } from '../../src/data/image/transform';
import { KeyedRandom, philox, Purpose } from '../../src/data/random';

const folder = join(import.meta.dirname, '../fixtures/transforms');

interface Expected {
  resize: { image: string; size: number; key: string }[];
  ops: { input: string; op: string; sign_draw: number; key: string | null }[];
}
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;

/** Bytes of a U8 tensor of `expected.safetensors`. */
function golden(key: string): Uint8Array {
  const file = readFileSync(join(folder, 'expected.safetensors'));
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const [from, to] = header[key].data_offsets;
  return file.subarray(8 + headerBytes + from, 8 + headerBytes + to);
}

const image = (name: string) => decodeImage(join(folder, name));
const ownCopy = ({ data, width, height }: RgbImage): RgbImage => ({
  data: Uint8Array.from(data),
  width,
  height,
});
function largestDifference(actual: Uint8Array, wanted: Uint8Array): number {
  expect(actual.length).toBe(wanted.length);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
}
const key = (index: number) =>
  new KeyedRandom({ seed: 1, purpose: Purpose.augment, epoch: 0, index });

describe('decoding', () => {
  it.each(['L', 'LA', 'P', 'RGBA'])('expands mode %s as Pillow', async (mode) => {
    const { data, width, height } = await image(`mode_${mode}.png`);
    expect([width, height]).toEqual([30, 20]);
    expect(Buffer.from(data).equals(golden(`mode_${mode}_rgb_u8`))).toBe(true);
  });
});

describe('decoding as Pillow', () => {
  const pictures = join(import.meta.dirname, '../data/images');
  const { images } = JSON.parse(readFileSync(join(pictures, 'expected.json'), 'utf8')) as {
    images: Record<string, { mode: string; width: number; height: number; sha256: string }>;
  };

  it.each(Object.entries(images))('%s', async (name, { width, height, sha256 }) => {
    const decoded = await decodeImage(join(pictures, name));
    expect([decoded.width, decoded.height]).toEqual([width, height]);
    expect(createHash('sha256').update(decoded.data).digest('hex')).toBe(sha256);
  });
});

describe('bicubic resize', () => {
  it.each(expected.resize)('$image to $size equals Pillow byte for byte', async (row) => {
    const target = new Uint8Array(row.size * row.size * 3);
    evaluationTransform(await image(row.image), row.size, target);
    expect(largestDifference(target, golden(row.key))).toBe(0);
  });

  it('ignores pixels outside the box', async () => {
    const whole = await image('in0.png');
    const box = { left: 3, top: 5, width: 20, height: 17 };
    const cut = new Uint8Array(box.width * box.height * 3);
    resizeBicubic(whole, box, box.width, box.height, cut);
    const fromBox = new Uint8Array(40 * 11 * 3);
    resizeBicubic(whole, box, 40, 11, fromBox);
    const fromCut = new Uint8Array(40 * 11 * 3);
    const all = { left: 0, top: 0, width: box.width, height: box.height };
    resizeBicubic({ data: cut, width: box.width, height: box.height }, all, 40, 11, fromCut);
    expect(fromBox).toEqual(fromCut);
  });

  it('keeps a uniform color and copies an image of the target size', async () => {
    const flat = { data: new Uint8Array(7 * 301 * 3).fill(200), width: 7, height: 301 };
    const target = new Uint8Array(16 * 16 * 3);
    evaluationTransform(flat, 16, target);
    expect(new Set(target)).toEqual(new Set([200]));
    const same = await image('aug_in.png');
    const copy = new Uint8Array(same.data.length);
    evaluationTransform(same, same.width, copy);
    expect(Buffer.from(copy).equals(same.data)).toBe(true);
  });
});

describe('augmentation', () => {
  const rows = expected.ops.map((row) => ({
    ...row,
    op: row.op as (typeof augmentations)[number],
  }));

  it.each(rows.filter((row) => row.key === null))(
    '$op changes nothing ($input)',
    async ({ input, op, sign_draw }) => {
      const before = await image(input);
      const after = ownCopy(before);
      augment(after, op, sign_draw);
      expect(after).toEqual(ownCopy(before));
    },
  );

  it.each(rows.filter((row) => row.key !== null && row.op !== 'AutoContrast'))(
    '$op equals OpenCV ($input, draw $sign_draw)',
    async ({ input, op, sign_draw, key }) => {
      const changed = ownCopy(await image(input));
      augment(changed, op, sign_draw);
      expect(largestDifference(changed.data, golden(key!))).toBe(0);
    },
  );

  it.each(rows.filter((row) => row.op === 'AutoContrast'))(
    'AutoContrast equals BLIP in channels that hold 0, and is right in others ($input)',
    async ({ input, key }) => {
      const before = await image(input);
      const after = ownCopy(before);
      autoContrast(after);
      const wanted = golden(key!);
      for (let channel = 0; channel < 3; channel++) {
        const values = (of: Uint8Array) => of.filter((_, i) => i % 3 === channel);
        if (Math.min(...values(before.data)) === 0)
          expect(Array.from(values(after.data))).toEqual(Array.from(values(wanted)));
        else {
          expect(Math.min(...values(after.data))).toBe(0);
          expect(Math.max(...values(after.data))).toBeGreaterThanOrEqual(254);
        }
      }
    },
  );

  it('draws every operation and applies half of them', async () => {
    const source = await image('aug_in.png');
    const changed = Array.from({ length: 400 }, (_, i) => {
      const copy = ownCopy(source);
      randAugment(copy, key(i));
      return !Buffer.from(copy.data).equals(source.data);
    }).filter(Boolean).length;
    // Both draws leave the image unchanged with probability (1 - 7/10 * 1/2)^2 = 0.4225.
    expect(changed / 400).toBeGreaterThan(0.5);
    expect(changed / 400).toBeLessThan(0.65);
  });
});

describe('random resized crop', () => {
  it.each([
    [500, 375],
    [375, 500],
    [1, 1],
    [1, 300],
    [300, 1],
    [2000, 200],
    [64, 64],
  ])('lies inside %i x %i', (width, height) => {
    for (let i = 0; i < 500; i++) {
      const box = randomCrop(width, height, key(i));
      expect(box.width).toBeGreaterThan(0);
      expect(box.height).toBeGreaterThan(0);
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.top).toBeGreaterThanOrEqual(0);
      expect(box.left + box.width).toBeLessThanOrEqual(width);
      expect(box.top + box.height).toBeLessThanOrEqual(height);
    }
  });

  it('covers 0.5 to 1 of the area with ratios of 3/4 to 4/3', () => {
    const boxes = Array.from({ length: 2000 }, (_, i) => randomCrop(400, 400, key(i)));
    const areas = boxes.map((box) => (box.width * box.height) / 160_000);
    const ratios = boxes.map((box) => box.width / box.height);
    expect(Math.min(...areas)).toBeGreaterThan(0.49);
    expect(Math.min(...areas)).toBeLessThan(0.53);
    expect(Math.max(...areas)).toBeLessThanOrEqual(1);
    expect(Math.min(...ratios)).toBeGreaterThan(0.74);
    expect(Math.max(...ratios)).toBeLessThan(1.35);
    expect(Math.max(...ratios)).toBeGreaterThan(1.3);
  });

  it('falls back to the largest centered box of an allowed ratio', () => {
    expect(randomCrop(1200, 90, key(0))).toEqual({ left: 540, top: 0, width: 120, height: 90 });
    expect(randomCrop(90, 1200, key(0))).toEqual({ left: 0, top: 540, width: 90, height: 120 });
  });
});

describe('training transform', () => {
  it('depends only on its key', async () => {
    const source = await image('in1.png');
    const run = (index: number) => {
      const target = new Uint8Array(48 * 48 * 3);
      trainingTransform(source, 48, key(index), target);
      return Buffer.from(target).toString('base64');
    };
    const first = Array.from({ length: 20 }, (_, i) => run(i));
    const again = Array.from({ length: 20 }, (_, i) => run(19 - i)).reverse();
    expect(again).toEqual(first);
    expect(new Set(first).size).toBe(20);
  });
});

describe('Philox4x32-10', () => {
  // Known answers of Random123 (kat_vectors).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as [[number, number, number, number], [number, number], number[]][])(
    'gives the known answer for counter %j',
    (counter, keyWords, answer) => {
      const out = new Uint32Array(4);
      philox(counter, keyWords, out);
      expect(Array.from(out)).toEqual(answer);
    },
  );

  it('draws integers evenly', () => {
    const counts = new Array<number>(10).fill(0);
    const random = key(0);
    for (let i = 0; i < 20_000; i++) counts[random.integer(10)]++;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });
});
