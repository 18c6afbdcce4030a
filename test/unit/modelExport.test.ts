import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { writeSafetensors } from '../../src/model/checkpoint/safetensorsWriter';
import { writeTorchFile } from '../../src/model/checkpoint/torchWriter';
import { exportCheckpoint } from '../../src/model/exportCheckpoint';
import { locateWeights } from '../../src/model/loadWeights';

const fixtures = join(__dirname, '../fixtures');
const folder = mkdtempSync(join(tmpdir(), 'nlvr-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shapes = new Map([
  ['a', [2, 3]],
  ['b.weight', []],
  ['empty', [0, 4]],
]);
async function* values(): AsyncGenerator<[string, Float32Array]> {
  await Promise.resolve();
  yield ['a', Float32Array.of(1, -2, 3.5, 0, NaN, 1e30)];
  yield ['b.weight', Float32Array.of(7)];
  yield ['empty', new Float32Array(0)];
}
const writers = { safetensors: writeSafetensors, pth: writeTorchFile } as const;

describe.each(['safetensors', 'pth'] as const)('%s files that are written', (format) => {
  const file = join(folder, `weights.${format}`);

  it('are read back unchanged', async () => {
    await writers[format](file, shapes, values());
    const back = await openCheckpoint(file);
    expect(back.format).toBe(format);
    expect([...back.tensors].map(([name, { shape }]) => [name, shape])).toEqual([...shapes]);
    for await (const [name, value] of values()) expect(await back.read(name)).toEqual(value);
    await back.close();
  });

  it('are the same for the same weights', async () => {
    const digest = (): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    const before = digest();
    await writers[format](file, shapes, values());
    expect(digest()).toBe(before);
  });

  it('are unchanged when writing fails', async () => {
    const before = readFileSync(file);
    async function* failing(): AsyncGenerator<[string, Float32Array]> {
      await Promise.resolve();
      yield ['a', new Float32Array(6)];
      throw new Error('the session is gone');
    }
    await expect(writers[format](file, shapes, failing())).rejects.toThrow('the session is gone');
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('accept values only in order', async () => {
    async function* swapped(): AsyncGenerator<[string, Float32Array]> {
      for await (const [name, value] of values()) yield [name === 'a' ? 'b' : name, value];
    }
    async function* more(): AsyncGenerator<[string, Float32Array]> {
      yield* values();
      yield ['extra', new Float32Array(1)];
    }
    await expect(writers[format](file, shapes, swapped())).rejects.toThrow(
      'expected a (6), got b (6)',
    );
    await expect(writers[format](file, shapes, more())).rejects.toThrow(
      'expected no more, got extra',
    );
  });

  it('contain a BLIP checkpoint with its position ids', async () => {
    const source = join(fixtures, 'train-run/model.pth');
    const out = join(folder, `blip.${format}`);
    expect(await exportCheckpoint(source, format, out)).toEqual({ tensors: 279, leftOut: [] });
    const [from, to] = [await openCheckpoint(source), await openCheckpoint(out)];
    expect([...to.tensors.keys()].sort()).toEqual([...from.tensors.keys()].sort());
    if (format === 'pth') expect([...to.tensors.keys()]).toEqual([...from.tensors.keys()]);
    for (const [name, tensor] of from.tensors) {
      expect(to.tensors.get(name)).toMatchObject({ shape: tensor.shape, type: tensor.type });
      expect(await to.read(name)).toEqual(await from.read(name));
    }
    await Promise.all([from.close(), to.close()]);
  });

  it('get the position ids that our own checkpoints lack, and no other integers', async () => {
    const out = join(folder, `own.${format}`);
    const own = join(folder, 'own-source.safetensors');
    const names = new Map([
      ['text_encoder.embeddings.word_embeddings.weight', [2, 2]],
      ['text_encoder.embeddings.position_embeddings.weight', [3, 2]],
    ]);
    async function* weights(): AsyncGenerator<[string, Float32Array]> {
      await Promise.resolve();
      for (const [name, [rows = 0]] of names) yield [name, new Float32Array(rows * 2).fill(1)];
    }
    const queue = { shape: [1], type: 'I64', bytes: new Uint8Array(8) } as const;
    await writeSafetensors(own, names, weights(), {}, new Map([['queue_ptr', queue]]));
    expect(await exportCheckpoint(own, format, out)).toEqual({
      tensors: 3,
      leftOut: ['queue_ptr'],
    });
    const exported = await openCheckpoint(out);
    expect(exported.tensors.get('text_encoder.embeddings.position_ids')).toMatchObject({
      shape: [1, 3],
      type: 'I64',
    });
    expect(await exported.read('text_encoder.embeddings.position_ids')).toEqual(
      Float32Array.of(0, 1, 2),
    );
    await exported.close();
  });
});

it('writes exactly the file that PyTorch loaded', async () => {
  // test/fixtures/checkpoints/README.md
  const file = join(folder, 'written.pth');
  const ids = {
    shape: [1, 4],
    type: 'I64',
    bytes: new Uint8Array(BigInt64Array.of(0n, 1n, 2n, 3n).buffer),
  } as const;
  async function* waves(): AsyncGenerator<[string, Float32Array]> {
    await Promise.resolve();
    yield ['w', Float32Array.from({ length: 600 }, (_, i) => i / 8)];
    yield ['scalar', Float32Array.of(2.5)];
  }
  const order = new Map([
    ['w', [2, 300]],
    ['ids', [1, 4]],
    ['scalar', []],
  ]);
  await writeTorchFile(file, order, waves(), new Map([['ids', ids]]));
  expect(readFileSync(file).equals(readFileSync(join(fixtures, 'checkpoints/written.pth')))).toBe(
    true,
  );
});

describe('weights are found', () => {
  it('in a run folder, the best first', async () => {
    const run = mkdtempSync(join(folder, 'run-'));
    await expect(locateWeights(run)).rejects.toThrow('contains no checkpoint');
    writeFileSync(join(run, 'checkpoint_best.pth'), '');
    expect(await locateWeights(run)).toBe(join(run, 'checkpoint_best.pth'));
    writeFileSync(join(run, 'checkpoint_best.safetensors'), '');
    expect(await locateWeights(run)).toBe(join(run, 'checkpoint_best.safetensors'));
  });

  it('under their own path', async () => {
    expect(await locateWeights('/some/where.pth')).toBe('/some/where.pth');
  });
});
