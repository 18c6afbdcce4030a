import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CheckpointFormatError } from '../../src/model/checkpoint/formatError';
import { convertInto, halfToNumber } from '../../src/model/checkpoint/elementTypes';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { BufferInput, PickleTuple, unpickle } from '../../src/model/checkpoint/pickle';
import { stateDict } from '../../src/model/checkpoint/stateDict';
import { Storage, TorchPickleHost, TorchTensor } from '../../src/model/checkpoint/torchObjects';

/** A pickle of protocol 2 from opcodes written as latin-1. */
const load = (body: string): unknown =>
  unpickle(new BufferInput(Buffer.from(`\x80\x02${body}.`, 'latin1')), new TorchPickleHost());
const text = (value: string): string => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(value));
  return `X${length.toString('latin1')}${Buffer.from(value).toString('latin1')}`;
};
const storage = (name = 'FloatStorage', elements = 'K\x06'): string =>
  `(${text('storage')}ctorch\n${name}\n${text('0')}${text('cpu')}${elements}tQ`;
/** `_rebuild_tensor_v2` of six floats. */
const tensor = (shape = '(K\x02K\x03t', strides = '(K\x03K\x01t', offset = 'K\x00'): string =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage()}${offset}${shape}${strides}\x89}tR`;

describe('pickles', () => {
  it.each([
    ['N', null],
    ['\x88', true],
    ['\x89', false],
    ['K\xff', 255],
    ['M\x00\x01', 256],
    ['J\xff\xff\xff\xff', -1],
    ['\x8a\x00', 0],
    ['\x8a\x01\x80', -128],
    ['\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00', 2n ** 63n],
    ['G\x3f\xf8\x00\x00\x00\x00\x00\x00', 1.5],
    [text('käse'), 'käse'],
    ['U\x02ab', 'ab'],
    [']', []],
    [']K\x01a(K\x02K\x03e', [1, 2, 3]],
    ['}', new Map()],
    [
      `}${text('a')}K\x01s(K\x02NK\x03\x88u`,
      new Map<unknown, unknown>([
        ['a', 1],
        [2, null],
        [3, true],
      ]),
    ],
    [')', new PickleTuple([])],
    ['K\x01K\x02\x86', new PickleTuple([1, 2])],
    ['(K\x01K\x02K\x03t', new PickleTuple([1, 2, 3])],
    ['ccollections\nOrderedDict\n)R', new Map()],
    ['ccollections\nOrderedDict\n]]K\x01aK\x02aa\x85R', new Map([[1, 2]])],
    ['ctorch\nSize\n(K\x02K\x03t\x85R', new PickleTuple([2, 3])],
  ] as [string, unknown][])('contain plain values: %j', (body, value) => {
    expect(load(body)).toEqual(value);
  });

  it('memoize values, not copies', () => {
    const pair = load(']q\x00h\x00K\x01a\x86') as PickleTuple;
    expect(pair.items).toEqual([[1], [1]]);
    expect(pair.items[0]).toBe(pair.items[1]);
  });

  it('contain tensors as views of storages', () => {
    const value = load(tensor()) as TorchTensor;
    expect(value).toBeInstanceOf(TorchTensor);
    expect(value.view).toEqual({ shape: [2, 3], strides: [3, 1], offset: 0, type: 'F32' });
    expect(value.storage).toEqual(new Storage('0', 'F32', 6));
    expect(load(`ctorch._utils\n_rebuild_parameter\n${tensor()}\x89}\x87R`)).toBeInstanceOf(
      TorchTensor,
    );
  });

  it.each([
    ['cos\nsystem\n', 'os.system'],
    ['cposix\nsystem\n(X\x02\0\0\0lstR', 'posix.system'],
    ['cbuiltins\neval\n', 'builtins.eval'],
    ['c__builtin__\nexec\n', '__builtin__.exec'],
    ['ctorch\nload\n', 'torch.load'],
    ['ctorch.storage\n_load_from_bytes\n', 'torch.storage._load_from_bytes'],
    ['ccollections\n__proto__\n', 'collections.__proto__'],
  ])('refuse globals that would execute or read something: %j', (body, name) => {
    expect(() => load(body)).toThrow(`asks Python to load "${name}"`);
  });

  it.each([
    ['', 'a value is missing'],
    ['0', 'a value is missing'],
    ['t', 'a mark is missing'],
    ['h\x07', 'memo 7 was never written'],
    ['K\x01K\x02a', 'not a list'],
    ['K\x01K\x02K\x03s', 'not a dict'],
    ['}(K\x01u', 'not a dict'],
    ['K\x01)R', 'not a function'],
    ['K\x01K\x02R', 'without a tuple of arguments'],
    ['K\x01}b', 'a state for what has none'],
    ['K\x01Q', 'unknown persistent id'],
    [`(${text('module')}K\x01tQ`, 'whole Python module'],
    [`(${text('storage')}K\x01${text('0')}${text('cpu')}K\x01tQ`, 'persistent id|unknown type'],
    ['X\xff\xff\xff\x7f', 'a string of 2147483647 bytes'],
    ['\x8b\xff\xff\xff\x7f', 'a number of 2147483647 bytes'],
    ['X\x10\0\0\0ab', 'ends too early'],
    ['\x97', 'opcode 0x97'],
    ['i os\nsystem\n', 'opcode 0x69'],
    [tensor('(K\x03K\x03t'), 'beyond its storage'],
    [tensor('(K\x02K\x03t', '(K\x03t'), 'do not describe'],
    [tensor('(K\x02K\x03t', '(K\x03K\x01t', 'K\x01'), 'beyond its storage'],
    [tensor('(J\xff\xff\xff\xffK\x03t'), 'negative'],
    [tensor('(J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7ft', '(K\0K\0K\0t'), 'too large'],
    [tensor('(J\xff\xff\xff\x7ft', '(K\0t'), 'more elements than its storage'],
    [`${storage()}0${storage('HalfStorage')}`, 'described in two ways'],
  ])('report what is wrong with %j', (body, message) => {
    expect(() => load(body)).toThrow(CheckpointFormatError);
    expect(() => load(body)).toThrow(new RegExp(message));
  });

  it('are limited to a number of operations', () => {
    expect(() => load('N0'.repeat(1_100_000))).toThrow('more than 2000000 operations');
  });

  it('are read in protocols 2 to 5', () => {
    const body = Buffer.from('\x80\x06N.', 'latin1');
    expect(() => unpickle(new BufferInput(body), new TorchPickleHost())).toThrow('protocol 6');
  });
});

describe('the state dict', () => {
  it.each([
    ['under "model"', `}${text('model')}}${text('w')}${tensor()}ss${text('epoch')}K\x03s`],
    ['under "state_dict"', `}${text('state_dict')}}${text('w')}${tensor()}ss`],
    ['at the top', `}${text('w')}${tensor()}s${text('note')}${text('x')}s`],
  ])('is found %s', (_, body) => {
    expect([...stateDict(load(body)).tensors.keys()]).toEqual(['w']);
  });

  it.each([['}'], [']'], ['N'], [`}${text('model')}K\x01s`], [tensor()]])(
    'is not found in %j',
    (body) => {
      expect(() => stateDict(load(body))).toThrow('no state dict');
    },
  );

  it('treats names such as __proto__ as plain names', () => {
    const { tensors } = stateDict(load(`}${text('__proto__')}${tensor()}s`));
    expect([...tensors.keys()]).toEqual(['__proto__']);
  });
});

describe('element types', () => {
  it('include float16', () => {
    expect([0, 0x8000, 0x3c00, 0xc100, 0x7bff, 1, 0x400, 0x7c00, 0xfc00].map(halfToNumber)).toEqual(
      [0, -0, 1, -2.5, 65504, 2 ** -24, 2 ** -14, Infinity, -Infinity],
    );
    expect(halfToNumber(0x7e00)).toBeNaN();
  });

  it('include unsigned integers', () => {
    const target = new Float32Array(3);
    convertInto(target, 0, new Uint8Array(Uint32Array.of(4294967295).buffer), 'U32');
    convertInto(target, 1, new Uint8Array(Uint16Array.of(65535).buffer), 'U16');
    convertInto(target, 2, new Uint8Array(BigUint64Array.of(2n ** 63n).buffer), 'U64');
    expect([...target]).toEqual([4294967296, 65535, 2 ** 63]);
    expect(() => convertInto(target, 0, new Uint8Array(3), 'F16')).toThrow('not a whole number');
  });
});

describe('large files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-large-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are read from their end, without the rest', async () => {
    // Five gigabytes, most of them a hole.
    const path = join(folder, 'large.safetensors');
    const large = 5 * 2 ** 30;
    const json = JSON.stringify({
      large: { dtype: 'F32', shape: [large / 4], data_offsets: [0, large] },
      last: { dtype: 'F32', shape: [4], data_offsets: [large, large + 16] },
    });
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(json.length));
    const fd = openSync(path, 'w');
    writeSync(fd, Buffer.concat([head, Buffer.from(json)]));
    ftruncateSync(fd, 8 + json.length + large + 16);
    writeSync(
      fd,
      new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
      0,
      16,
      8 + json.length + large,
    );
    closeSync(fd);
    const file = await openCheckpoint(path);
    expect(await file.read('last')).toEqual(Float32Array.of(1, 2, 3, 4));
    await file.close();
  });

  it('with a pickle or a header of gigabytes are refused', async () => {
    const path = join(folder, 'liar.safetensors');
    const head = Buffer.alloc(9, '{');
    head.writeBigUInt64LE(2n ** 40n);
    writeFileSync(path, head);
    await expect(openCheckpoint(path)).rejects.toThrow('header should have 1099511627776 bytes');
  });
});
