/** Checkpoints as people have them: wrappers, prefixes, objects next to the weights, shards, other programs' names. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ZipFile } from 'yazl';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { BufferInput, unpickle } from '../../src/model/checkpoint/pickle';
import { stateDict } from '../../src/model/checkpoint/stateDict';
import { TorchPickleHost } from '../../src/model/checkpoint/torchObjects';
import { locateWeights } from '../../src/model/loadWeights';
import { inEnglish } from '../../src/util/localize';
import { UserError } from '../../src/util/userError';

const small = (name: string): string => join(__dirname, '../fixtures/checkpoints', name);
const folder = mkdtempSync(join(tmpdir(), 'nlvr-foreign-'));
afterAll(() => rmSync(folder, { recursive: true }));

function temporary(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

/** A safetensors file with one float32 value a name. */
function safetensors(names: readonly string[], dtype = 'F32', bytes = 4): Buffer {
  const header = Object.fromEntries(
    names.map((name, i) => [
      name,
      { dtype, shape: [1], data_offsets: [i * bytes, (i + 1) * bytes] },
    ]),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const values = Buffer.from(Float32Array.from(names, (_, i) => i + 1).buffer);
  return Buffer.concat([length, json, values.subarray(0, names.length * bytes)]);
}

async function contents(path: string) {
  const file = await openCheckpoint(path);
  try {
    const values = new Map<string, number[]>();
    for (const name of file.tensors.keys()) values.set(name, [...(await file.read(name))]);
    return { values: Object.fromEntries(values), notes: file.notes.map(inEnglish) };
  } finally {
    await file.close();
  }
}

async function refusal(path: string): Promise<{ message: string; hint: string }> {
  try {
    await contents(path);
  } catch (error) {
    if (error instanceof UserError) return { message: error.message, hint: error.hint ?? '' };
    throw error;
  }
  throw new Error('it was read without an error');
}

describe('objects next to the weights', () => {
  it.each(['objects.pth', 'objects-protocol4.pth'])('do not stop %s from loading', async (name) => {
    const { values, notes } = await contents(small(name));
    expect(values).toEqual({
      'visual_encoder.cls_token': [0.5, 1.5],
      'text_encoder.embeddings.LayerNorm.weight': [1, 2],
      'cls_head.0.bias': [3],
      'cls_head.2.bias': [4],
    });
    expect(notes).toEqual([
      'The weights were found under "net".',
      'The prefix "module." was removed from 4 names.',
    ]);
  });

  it('are named with their kinds when there are no weights', async () => {
    const { message } = await refusal(small('no-weights.pth'));
    expect(message).toContain(
      'its keys are "epoch" (a number), "args" (an object of class argparse.Namespace), "names" (a list), "net" (an object of class user_code.Meter)',
    );
  });

  it('may be dicts of a custom class that contain the weights', () => {
    const tensor =
      'ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\0K\x01\x85K\x01\x85\x89}tR';
    const body = `\x80\x02}X\x01\0\0\0xcaddict\nDict\n)\x81X\x01\0\0\0w${tensor}ss.`;
    const root = unpickle(new BufferInput(Buffer.from(body, 'latin1')), new TorchPickleHost());
    expect([...stateDict(root).tensors.keys()]).toEqual(['w']);
  });
});

describe('element types that are not supported', () => {
  it.each([
    ['.pth', () => small('float8.pth'), 'visual_encoder.cls_token'],
    ['safetensors', () => temporary('f8.safetensors', safetensors(['w'], 'F8_E4M3', 1)), 'w'],
  ])('are reported in %s, not as damage', async (_, path, tensor) => {
    const { message, hint } = await refusal(path());
    expect(message).toContain(
      `tensor ${tensor} has the element type F8_E4M3, which is not supported`,
    );
    expect(hint).toContain('torch.float32');
  });
});

describe('prefixes of wrappers', () => {
  it.each([
    ['module.', 'module.'],
    ['_orig_mod.', '_orig_mod.'],
    ['model.', 'model.'],
    ['ddp.', 'ddp.'],
    ['module._orig_mod.', 'module._orig_mod.'],
    ['student.', 'student.'],
    ['nlvr.blip_model.', 'nlvr.blip_model.'],
  ])('are removed: %s', async (prefix, refusalMessage) => {
    const names = ['visual_encoder.cls_token', 'cls_head.0.bias'];
    const path = temporary('prefix.safetensors', safetensors(names.map((name) => prefix + name)));
    const { values, notes } = await contents(path);
    expect(Object.keys(values)).toEqual(names);
    expect(notes).toEqual([`The prefix "${refusalMessage}" was removed from 2 names.`]);
  });

  it('are removed within names', async () => {
    const path = temporary(
      'within.safetensors',
      safetensors(['visual_encoder._orig_mod.cls_token', 'cls_head.0.bias']),
    );
    expect(Object.keys((await contents(path)).values)).toEqual([
      'visual_encoder.cls_token',
      'cls_head.0.bias',
    ]);
  });

  it('are kept if the names are not those of BLIP', async () => {
    const path = temporary('other.safetensors', safetensors(['module.fc.weight']));
    expect(await contents(path)).toEqual({ values: { 'module.fc.weight': [1] }, notes: [] });
    const two = ['student.visual_encoder.cls_token', 'teacher.visual_encoder.cls_token'];
    const both = temporary('two.safetensors', safetensors(two));
    expect(Object.keys((await contents(both)).values)).toEqual(two);
  });

  it('are refused if only some of the names have them', async () => {
    const { message } = await refusal(
      temporary(
        'half.safetensors',
        safetensors(['module.visual_encoder.cls_token', 'cls_head.0.bias']),
      ),
    );
    expect(message).toContain(
      'only some of its names have a prefix: 1 such as module.visual_encoder.cls_token, 1 such as cls_head.0.bias',
    );
  });
});

it("transformers' names become BLIP's", async () => {
  const path = temporary(
    'transformers.safetensors',
    safetensors([
      'vision_model.embeddings.class_embedding',
      'vision_model.embeddings.position_embedding',
      'vision_model.embeddings.patch_embedding.weight',
      'vision_model.encoder.layers.0.self_attn.qkv.weight',
      'vision_model.encoder.layers.0.self_attn.projection.bias',
      'vision_model.encoder.layers.0.layer_norm1.weight',
      'vision_model.encoder.layers.0.mlp.fc1.weight',
      'vision_model.post_layernorm.weight',
      'text_encoder.encoder.layer.0.crossattention.self.key.weight',
      'itm_head.weight',
    ]),
  );
  const { values, notes } = await contents(path);
  expect(Object.keys(values)).toEqual([
    'visual_encoder.cls_token',
    'visual_encoder.pos_embed',
    'visual_encoder.patch_embed.proj.weight',
    'visual_encoder.blocks.0.attn.qkv.weight',
    'visual_encoder.blocks.0.attn.proj.bias',
    'visual_encoder.blocks.0.norm1.weight',
    'visual_encoder.blocks.0.mlp.fc1.weight',
    'visual_encoder.norm.weight',
    'text_encoder.encoder.layer.0.crossattention.self.key.weight',
    'itm_head.weight',
  ]);
  expect(notes).toEqual(["8 names of transformers' BLIP were translated to BLIP's."]);
});

describe('weights in several files', () => {
  const index = (map: Record<string, string>): string =>
    JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }, null, 2);
  const first = 'model-00001-of-00002.safetensors';
  const second = 'model-00002-of-00002.safetensors';

  it('are read through their index, and by their folder', async () => {
    temporary(`sharded/${first}`, safetensors(['module.visual_encoder.cls_token']));
    temporary(`sharded/${second}`, safetensors(['module.cls_head.0.bias']));
    temporary(
      'sharded/model.safetensors.index.json',
      index({ 'module.cls_head.0.bias': second, 'module.visual_encoder.cls_token': first }),
    );
    const { values, notes } = await contents(await locateWeights(join(folder, 'sharded')));
    expect(values).toEqual({ 'cls_head.0.bias': [1], 'visual_encoder.cls_token': [1] });
    expect(notes[0]).toBe('The weights were read from 2 files.');
  });

  it('are refused individually', async () => {
    const { message, hint } = await refusal(join(folder, 'sharded', first));
    expect(message).toContain('it is part 1 of 2 of a checkpoint');
    expect(hint).toContain('.index.json');
  });

  it.each([
    [
      'a part that is missing',
      index({ w: 'none.safetensors' }),
      'none.safetensors, which its index names, is missing',
    ],
    [
      'a tensor that is elsewhere',
      index({ other: first }),
      'places other in model-00001-of-00002.safetensors, which does not contain it',
    ],
    ['a path that leads out', index({ w: '../w.safetensors' }), 'which is not a file name'],
  ])('report %s', async (_, text, message) => {
    expect((await refusal(temporary('sharded/bad.index.json', text))).message).toContain(message);
  });
});

async function zip(entries: Record<string, string>): Promise<Buffer> {
  const archive = new ZipFile();
  for (const [name, text] of Object.entries(entries)) {
    if (name.endsWith('/')) archive.addEmptyDirectory(name);
    else archive.addBuffer(Buffer.from(text), name);
  }
  archive.end();
  const chunks: Buffer[] = [];
  for await (const chunk of archive.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('files of other kinds', () => {
  it.each<[string, () => Promise<Buffer | string> | Buffer | string, string, string]>([
    ['gzip', () => gzipSync('weights'), 'compressed with gzip', 'gunzip'],
    ['XML', () => '<?xml version="1.0"?><Error>', 'an XML document', 'download'],
    ['HDF5', () => Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'HDF5 file', 'torch.save'],
    [
      'JSON',
      () => '{"hidden_size": 768, "vit": "base"}',
      'a JSON file with the keys hidden_size, vit',
      'Choose the weights file',
    ],
    [
      'text',
      () => 'hello world',
      'a text file that starts with "hello world"',
      'Choose the weights file',
    ],
    [
      'a zip in a zip',
      () => zip({ 'a/': '', 'b/': '', 'best/model.pth': 'PK' }),
      'contains "best/model.pth"',
      'unzip',
    ],
    ['NumPy arrays', () => zip({ 'a.npy': 'x' }), 'NumPy arrays', 'torch.save'],
    [
      'any zip',
      () => zip({ 'word/document.xml': 'x' }),
      'contains "word/document.xml"',
      'Choose the weights file',
    ],
  ])('are reported by their kind: %s', async (_, make, message, hint) => {
    const refusalMessage = await refusal(temporary('other', await make()));
    expect(refusalMessage.message).toContain(message);
    expect(refusalMessage.hint).toContain(hint);
    expect(refusalMessage.hint).not.toContain('damaged');
  });
});
