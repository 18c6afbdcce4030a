import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CheckpointFile } from '../../src/model/checkpoint/checkpointFile';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { UserError } from '../../src/util/userError';

const fixtures = join(__dirname, '../fixtures');
const small = (name: string): string => join(fixtures, 'checkpoints', name);
const folder = mkdtempSync(join(tmpdir(), 'nlvr-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Expected {
  shape: number[];
  values: (number | null | 'inf' | '-inf')[];
}
const expected = JSON.parse(readFileSync(small('expected.json'), 'utf8')) as Record<
  string,
  Expected
>;
const valuesOf = ({ values }: Expected): Float32Array =>
  Float32Array.from(values, (v) =>
    v === null ? NaN : v === 'inf' ? Infinity : v === '-inf' ? -Infinity : v,
  );

async function withFile<T>(path: string, use: (file: CheckpointFile) => Promise<T>): Promise<T> {
  const file = await openCheckpoint(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readAll(path: string): Promise<Map<string, Float32Array>> {
  return withFile(path, async (file) => {
    const all = new Map<string, Float32Array>();
    for (const name of file.tensors.keys()) all.set(name, await file.read(name));
    return all;
  });
}

function temporary(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function messageOfOpening(path: string): Promise<string> {
  try {
    await readAll(path);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }
  throw new Error('it was read without an error');
}

describe('.pth files', () => {
  it.each(['zip.pth', 'legacy.pth', 'deflated.pth', 'flat.pth', 'namespace.pth'])(
    'reads every element type and view of %s',
    async (name) => {
      await withFile(small(name), async (file) => {
        expect(file.format).toBe('pth');
        expect([...file.tensors.keys()]).toEqual(Object.keys(expected));
        for (const [key, tensor] of Object.entries(expected)) {
          expect(file.tensors.get(key)?.shape, key).toEqual(tensor.shape);
          expect(await file.read(key), key).toEqual(valuesOf(tensor));
        }
      });
    },
  );

  it('reads storage views of early legacy files', async () => {
    const tensors = await readAll(small('legacy-views.pth'));
    expect(tensors.get('head')).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
    expect(tensors.get('tail')).toEqual(Float32Array.of(2, 3, 4, 5));
  });

  it('reads files saved without checksums', async () => {
    expect((await readAll(small('no-crc.pth'))).get('w')).toEqual(Float32Array.of(0, 1, 2, 3));
  });

  it('finds the state dict of a BLIP training checkpoint next to its optimizer', async () => {
    await withFile(join(fixtures, 'train-run/checkpoint_best.pth'), async (file) => {
      expect(file.tensors.size).toBe(279);
      expect(file.tensors.get('visual_encoder.pos_embed')).toMatchObject({
        shape: [1, 5, 32],
        type: 'F32',
      });
      await expect(file.read('no.such')).rejects.toThrow('no.such');
    });
  });

  it.each(['malicious-zip.pth', 'malicious-legacy.pth'])(
    'refuses the call of os.system in %s and names it',
    async (name) => {
      await expect(openCheckpoint(small(name))).rejects.toThrow(/"(posix|os|nt)\.system"/);
    },
  );

  it('detects a flipped bit of a tensor by its checksum', async () => {
    const bytes = readFileSync(small('zip.pth'));
    const at = bytes.indexOf(Buffer.from(Float32Array.of(0, 1, 2, 3, 4, 5).buffer));
    bytes[at + 9] = (bytes[at + 9] ?? 0) ^ 4;
    expect(await messageOfOpening(temporary('flipped.pth', bytes))).toMatch(
      /record .*data\/\d+ is damaged/,
    );
  });
});

describe('damaged files', () => {
  it.each(['zip.pth', 'legacy.pth', 'deflated.pth'])(
    'are reported if %s is truncated at any position',
    async (name) => {
      const bytes = readFileSync(small(name));
      const path = temporary('cut.pth', bytes);
      for (let length = bytes.length - 1; length >= 0; length--) {
        truncateSync(path, length);
        expect(await messageOfOpening(path)).toContain('cannot be read');
      }
    },
  );

  it.each(['zip.pth', 'legacy.pth', 'deflated.pth'])(
    'cause no internal error when bytes of %s change',
    async (name) => {
      const bytes = readFileSync(small(name));
      let state = 12345;
      const random = (below: number): number => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        return (state >>> 8) % below;
      };
      for (let round = 0; round < 500; round++) {
        const mutated = Buffer.from(bytes);
        for (let i = random(3); i >= 0; i--) mutated[random(mutated.length)] = random(256);
        try {
          await readAll(temporary('mutated.pth', mutated));
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      }
    },
  );

  it.each([
    ['', /is empty/],
    ['<!DOCTYPE html><html>', /web page/],
    ['version https://git-lfs.github.com/spec/v1\noid', /Git LFS pointer/],
    ['hello', /a text file that starts with "hello"/],
    ['\x01\x02hello', /neither a \.pth nor a \.safetensors/],
    ['PK\x03\x04 hello', /zip archive is damaged or cut off/],
  ])('are reported by their kind: %j', async (content, message) => {
    expect(await messageOfOpening(temporary('other', content))).toMatch(message);
  });

  it('recognizes tar files of early PyTorch', async () => {
    const tar = Buffer.alloc(512);
    tar.write('ustar', 257);
    expect(await messageOfOpening(temporary('old.pth', tar))).toContain('tar archive');
  });

  it('reports a missing file', async () => {
    expect(await messageOfOpening(join(folder, 'missing.pth'))).toContain('does not exist');
  });

  it('allocates nothing for a size that the file cannot hold', async () => {
    // A float tensor [2^40] over a storage that claims as many elements.
    const text = (value: string): Buffer =>
      Buffer.concat([Buffer.from('X'), uint32(value.length), Buffer.from(value)]);
    const uint32 = (value: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    };
    const huge = Buffer.from([0x8a, 6, 0, 0, 0, 0, 0, 1]);
    const pickle = (body: Buffer[]): Buffer =>
      Buffer.concat([Buffer.from([0x80, 2]), ...body, Buffer.from('.')]);
    const legacy = Buffer.concat([
      pickle([Buffer.from([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])]),
      pickle([Buffer.from([0x4d, 0xe9, 0x03])]),
      pickle([Buffer.from('}')]),
      pickle([
        Buffer.from('}'),
        text('w'),
        Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n(('),
        text('storage'),
        Buffer.from('ctorch\nFloatStorage\n'),
        text('0'),
        text('cpu'),
        huge,
        Buffer.from('tQK\0'),
        huge,
        Buffer.from([0x85, 0x4b, 1, 0x85, 0x89]),
        Buffer.from('}tRs'),
      ]),
      pickle([Buffer.from(']'), text('0'), Buffer.from('a')]),
      Buffer.from([0, 0, 0, 0, 0, 1, 0, 0]),
    ]);
    expect(await messageOfOpening(temporary('huge.pth', legacy))).toContain('ends before');
  });
});

describe('safetensors files', () => {
  const file = (header: unknown, data: number): Buffer => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    return Buffer.concat([length, json, Buffer.alloc(data, 1)]);
  };
  const f32 = (shape: number[], start: number, end: number): object => ({
    dtype: 'F32',
    shape,
    data_offsets: [start, end],
  });

  it('reads what the reference library wrote', async () => {
    await withFile(join(fixtures, 'pretrain/missing_init.safetensors'), async (weights) => {
      expect(weights.format).toBe('safetensors');
      expect(weights.tensors.get('cls_head.2.weight')?.shape).toEqual([2, 16]);
      const values = await weights.read('cls_head.2.weight');
      const state = JSON.parse(readFileSync(join(fixtures, 'pretrain/expected.json'), 'utf8')) as {
        state: Record<string, { l2: number; first: number[] }>;
      };
      const golden = state.state['cls_head.2.weight'];
      expect([...values.subarray(0, 4)]).toEqual(golden?.first);
      expect(Math.hypot(...values)).toBeCloseTo(golden?.l2 ?? NaN, 5);
    });
  });

  it.each([
    ['overlap', file({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12), /overlaps/],
    ['gap', file({ a: f32([2], 0, 8), b: f32([1], 12, 16) }, 16), /gap/],
    ['too short', file({ a: f32([4], 0, 16) }, 12), /describes/],
    ['too long', file({ a: f32([2], 0, 8) }, 12), /describes/],
    ['size', file({ a: f32([3], 0, 8) }, 8), /8 bytes for shape \[3\], which needs 12/],
    ['overflow', file({ a: f32([2 ** 32, 2 ** 32], 0, 8) }, 8), /too large/],
    ['negative', file({ a: f32([-1], 0, 8) }, 8), /not a valid tensor shape/],
    ['type', file({ a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1), /F8_E4M3/],
    ['order', file({ a: f32([2], 8, 0) }, 8), /offsets 8 to 0/],
    ['array', file('[]', 0), /neither|JSON object/],
    ['not JSON', file('{"a":', 0), /not JSON/],
    ['entry', file({ a: 3 }, 0), /no object/],
    [
      'header length',
      Buffer.from('\xff\xff\xff\xff\xff\xff\xff\x7f{', 'latin1'),
      /its header should have/,
    ],
  ])('refuses a wrong header: %s', async (_, bytes, message) => {
    expect(await messageOfOpening(temporary('wrong.safetensors', bytes))).toMatch(message);
  });
});
