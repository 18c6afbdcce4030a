/** The readers of what comes from other people and other programs, as the fuzzer and the replay of its findings call them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { readAnswerFile } from '../../src/analysis/import/answerRows';
import { parseAnswers } from '../../src/analysis/import/answers';
import { parseConfig } from '../../src/config/parse';
import { loadDataset } from '../../src/data/annotations/loadDataset';
import { convertTable, readTable } from '../../src/data/convert/convertTable';
import { guessColumns } from '../../src/data/convert/columns';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { CsvSource } from '../../src/run/curves/csvSource';
import { EventReader } from '../../src/run/read/eventReader';
import { readPredictions } from '../../src/run/read/readPredictions';
import { TensorBoardSource } from '../../src/run/tensorboard/logFolder';
import { versionMessage, scalarMessage } from '../../src/run/tensorboard/scalars';
import { UserError } from '../../src/util/userError';
import { recordFile, safetensorsFile, torchZip } from './wrap';

export interface Target {
  /** Inputs to begin with. */
  seeds: () => Uint8Array[];
  /** Pieces that the format is made of. */
  words: readonly string[];
  /**
   * Puts the lengths and checksums in, which no mutation would hit: an input that begins with the byte 1 is what they are
   * made of, one that begins with another is a file behind that byte. Without it an input is a file.
   */
  wrap?: (content: Uint8Array) => Uint8Array;
  /** Reads the file. Rejects with a `UserError` where it cannot be used; whatever else it throws is a finding. */
  read: (file: string, folder: string) => Promise<void>;
}

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const text = (content: string): Uint8Array => Buffer.from(content);
const fixture = (...name: string[]): Uint8Array => readFileSync(join(fixtures, ...name));
const raw = (content: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(0), content]);
const wrapped = (content: string | Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.of(1),
    typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
  ]);

/** Elements of a tensor that are read: more would measure the disk. */
const MOST_ELEMENTS = 1 << 16;

async function readCheckpoint(file: string): Promise<void> {
  const checkpoint = await openCheckpoint(file);
  try {
    for (const [name, { shape }] of checkpoint.tensors)
      if (shape.reduce((count, size) => count * size, 1) <= MOST_ELEMENTS)
        await checkpoint.read(name);
  } finally {
    await checkpoint.close();
  }
}

const annotation = (more: string): string =>
  `{"identifier": "dev-1-0-0", "sentence": "a red dog", "label": "True", ${more}}`;
const prediction =
  '{"identifier":"dev-1-0-0","index":0,"split":"val","sentence":"a dog","images":["a.png","b.png"],"label":true,"prediction":true,"prob_true":0.7,"logits":[0.1,1.2]}';

/** `_rebuild_tensor_v2` of a storage of 6 floats, as the pickle of a zip archive has it. */
const tensor = (name: string): string =>
  `X${String.fromCharCode(name.length)}\0\0\0${name}ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x06tQK\0K\x02K\x03\x86K\x03K\x01\x86\x89}tR`;

const targets = {
  yaml: {
    seeds: () =>
      [
        'image_root: images\nann_root: .\nvit: {width: 16, depth: 2}\n',
        '# a comment\ninit_lr: 3e-5\nmax_epoch: 15\nmed_config: med.json\ncurriculum:\n  ann_file: easy.json\n  epochs: 2\n',
        'a: &x [1, 2]\nb: *x\nc: !!str 12\nd: "a\\u0041"\ne: |\n  text\n',
        '<<: {max_epoch: 2}\n? [k]\n: v\n--- \n',
        'train_file:\n- {a: 1}\n- "b"\nseed: 0x1f\nprecision: .nan\n',
      ].map(text),
    words: [
      ...['max_epoch', 'vit', 'med_config', 'init_lr', 'ann_files', 'curriculum', '__proto__'],
      ...['constructor', '<<', '*x', '&x', '!!str', '!!int', '!!float', '!!set', '!!binary', '~'],
      ...['---', '...', '%YAML', '? ', ': ', '- ', '|', '>', '[', ']', '{', '}', '#', '\n  ', '\t'],
    ],
    read: (file) => {
      parseConfig(readFileSync(file, 'utf8'));
      return Promise.resolve();
    },
  },
  annotations: {
    seeds: () =>
      [
        `[${annotation('"images": ["a.png", "b.png"]')},\n${annotation('"images": ["c/d.png", "../e.png"]')}]`,
        `${annotation('"left_url": "http://a/b.png", "right_url": "c", "directory": 5, "synset": "dog"')}\n`,
        '{"identifier": "1304-0", "directory": "4", "sentence": "a box", "label": "false", "structured_rep": [[{"y_loc": 1}]], "evals": {}}\n',
        '{"left": "a.png", "right": "b.png", "sentence": "s"}',
        'sentence,left,right,label\na,b.png,c.png,1\n',
      ].map(text),
    words: [
      ...['"images"', '"left_url"', '"right_url"', '"structured_rep"', '"identifier"', '"label"'],
      ...['"sentence"', '"directory"', '"synset"', '"__proto__"', '"constructor"', 'true', 'null'],
      ...['../', '..\\\\', '/etc/passwd', 'file:///etc/passwd', '\\u0000', '[', ']', '{', '}', ','],
      ...['"dev-1-0-0"', '"train-1-0-0-1"', '\ufeff', '\r\n', '1e999', '"True"'],
    ],
    read: async (file, folder) => {
      const imageRoot = join(folder, 'images');
      const { examples } = await loadDataset(file, 'val', { format: 'auto', imageRoot });
      for (const { images } of examples)
        for (const image of images)
          if (!image.startsWith(imageRoot + sep))
            throw new Error(`an image outside of the image root: ${image}`);
    },
  },
  pth: {
    seeds: () => [
      ...readdirSync(join(fixtures, 'checkpoints'))
        .filter((name) => name.endsWith('.pth'))
        .map((name) => raw(fixture('checkpoints', name))),
      wrapped(`\x80\x02}(${tensor('a')}${tensor('b')}u.`),
      wrapped(`\x80\x02}X\x05\0\0\0modelq\x01}(${tensor('cls_head.0.weight')}us.`),
      wrapped('\x80\x04\x95\0\0\0\0\0\0\0\0]\x94(h\0h\0e\x8c\x01aN\x86\x94\x8a\x03abc.'),
      wrapped('\x80\x02ccollections\nOrderedDict\nq\x01](X\x01\0\0\0aK\x01\x86q\x02h\x02e\x85R.'),
    ],
    words: [
      ...['ctorch._utils\n_rebuild_tensor_v2\n', 'ccollections\nOrderedDict\n', 'ctorch\nSize\n'],
      ...['ctorch\nFloatStorage\n', 'ctorch\nLongStorage\n', 'ctorch._utils\n_rebuild_tensor_v3\n'],
      ...['ctorch._utils\n_rebuild_parameter\n', 'ctorch._tensor\n_rebuild_from_type_v2\n', '\x93'],
      ...[
        'cos\nsystem\n',
        'X\x07\0\0\0storage',
        '\x85R',
        '\x86',
        'tR',
        '}',
        ']',
        '(',
        'h\0',
        'q\0',
      ],
      ...[
        'K\0',
        'J\xff\xff\xff\x7f',
        '\x8a\x08',
        '\x8f',
        '\x90',
        '\x91',
        'b',
        '\x81',
        'Q',
        'u',
        's',
      ],
      ...['X\x09\0\0\0__proto__', '.', '0', '1', 'e', 'a', ')', '\x88', 'N', '\x94', 'PK\x01\x02'],
    ],
    wrap: torchZip,
    read: readCheckpoint,
  },
  safetensors: {
    seeds: () => [
      wrapped('{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'),
      wrapped(
        '{"__metadata__":{"format":"pt"},"cls_head.0.weight":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}',
      ),
      raw(text('{"weight_map": {"a": "input", "b": "model-00001-of-00002.safetensors"}}')),
      raw(fixture('pretrain', 'missing_init.safetensors').subarray(0, 2000)),
    ],
    words: [
      ...['"dtype"', '"shape"', '"data_offsets"', '"F32"', '"F16"', '"BF16"', '"I64"', '"BOOL"'],
      ...['"C64"', '"__metadata__"', '"__proto__"', '"weight_map"', '"input"', '"../input"', '[]'],
      ...['9007199254740993', '-1', '0', '1e300', '[0,0]', 'null', ',', '{', '}', '\\u0000'],
    ],
    wrap: safetensorsFile,
    read: readCheckpoint,
  },
  events: {
    seeds: () =>
      [
        '{"type":"start","step":0,"resumed":false,"time":1}\n{"type":"step","step":1,"loss":0.7,"time":2}\n{"type":"epoch","epoch":0,"step":6,"loss":NaN}\n',
        '{"type":"start","step":3,"resumed":true}\n{"type":"eval","split":"val","step":3,"accuracy":0.5}\n{"type":"note","message":"m","code":"c"}\n{"type":"end"}\n',
        '{"type":"watch","epoch":1,"pairs":[{"identifier":"a","sentence":"s","images":["a","b"]}]}\n{"type":"evalProgress","split":"val","done":1,"total":2}\n{"ty',
      ].map(text),
    words: [
      ...[
        '"type"',
        '"start"',
        '"step"',
        '"eval"',
        '"watch"',
        '"note"',
        '"resumed":true',
        '"pairs"',
      ],
      ...['NaN', '-Infinity', 'null', '"__proto__"', '\n', '\\"', '"', '{}', '[]', '1e999', '-1'],
    ],
    read: async (file) => {
      await new EventReader(file).read();
    },
  },
  predictions: {
    seeds: () => [text(`${prediction}\n${prediction.replace('true', 'null')}\n`), text(prediction)],
    words: [
      ...[
        '"identifier"',
        '"images"',
        '"label"',
        '"prob_true"',
        '"logits"',
        '"prediction"',
        '"group"',
      ],
      ...['NaN', 'null', '"__proto__"', '\n', '\\"', '"', '{}', '[]', 'Infinity', ','],
    ],
    read: async (file) => {
      for await (const { predictions } of readPredictions(file)) void predictions;
    },
  },
  tensorboard: {
    seeds: () => [
      wrapped(
        Buffer.concat(
          [
            versionMessage(1),
            scalarMessage(1, 2, [{ tag: 'loss', value: 0.5 }]),
            scalarMessage(2, 3, [
              { tag: 'loss', value: 0.4 },
              { tag: 'val/acc', value: 1 },
            ]),
          ].flatMap((message) => [Buffer.of(message.length), message]),
        ),
      ),
      ...['keras', 'pytorch'].flatMap((name) => eventFiles(name).map(raw)),
    ],
    words: [
      'loss',
      'scalars',
      '\x08\x01',
      '\x12',
      '\x0a',
      '\x1a',
      '\xff\xff\xff\xff\x0f',
      '\x3a\0',
    ],
    wrap: recordFile,
    read: async (file) => {
      const source = new TensorBoardSource(file);
      await source.read();
      void source.problems;
    },
  },
  csv: {
    seeds: () =>
      [
        'step,loss,val/acc\n1,0.5,\n2,0.4,0.7\n',
        'epoch\tloss\ttime\r\n0\tnan\t2026-01-01\r\n1\t0.4\t1700000000000\r\n',
        'identifier;prediction;prob_true\ndev-1-0-0;True;0.7\n"dev-1;""0-1";False;0.2\n',
        'sentence,left,right,label\n"a, red ""dog""",b.png,c.png,1\n',
        '[{"identifier": "a", "logits": "[0.1, 2]"}, true, 0.5]',
      ].map(text),
    words: [
      ...[
        'step',
        'epoch',
        'time',
        'identifier',
        'prob_true',
        'logits',
        'label',
        ',',
        '\t',
        ';',
        '"',
      ],
      ...[
        '""',
        '\n',
        '\r\n',
        'nan',
        'inf',
        '-1',
        '1e999',
        '0x10',
        'True',
        '__proto__',
        ' - ',
        '\0',
      ],
    ],
    read: async (file) => {
      await ownErrors(async () => {
        const source = new CsvSource(file);
        await source.read();
        void source.problems;
      });
      await ownErrors(async () => {
        parseAnswers(file, await readAnswerFile(file));
      });
      const table = await readTable(file);
      const columns = guessColumns(table.header);
      convertTable(table, { columns, split: undefined, seed: 1 });
    },
  },
} satisfies Record<string, Target>;

export type TargetName = keyof typeof targets;
export const targetNames = Object.keys(targets) as TargetName[];
export const targetOf = (name: TargetName): Target => targets[name];

function eventFiles(name: string): Uint8Array[] {
  const folder = join(fixtures, 'tensorboard', name);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes('tfevents'))
    .map((file) => readFileSync(join(folder, file)));
}

/** The next reader reads what this one refuses. */
async function ownErrors(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

/** The file that an input stands for. */
export function fileOf({ wrap }: Target, input: Uint8Array): Uint8Array {
  if (!wrap) return input;
  return input[0] === 1 ? wrap(input.subarray(1)) : input.subarray(1);
}

const pristine = [Object, Array, Function, String, Number, Map, Set, Promise, RegExp].map(
  ({ prototype }) => [prototype as object, Reflect.ownKeys(prototype as object).length] as const,
);

/**
 * Reads an input as the program reads such a file.
 * @param folder a scratch folder; the file in it is `input`
 * @throws what is a finding: all that is not said to a person in a sentence
 */
export async function readInput(
  target: Target,
  input: Uint8Array,
  folder: string,
): Promise<'read' | 'refused'> {
  const file = join(folder, 'input');
  writeFileSync(file, fileOf(target, input));
  let result: 'read' | 'refused' = 'read';
  try {
    await target.read(file, folder);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.message.length > LONGEST_MESSAGE)
      throw new Error(`a message of ${error.message.length} characters`);
    result = 'refused';
  }
  for (const [prototype, keys] of pristine)
    if (Reflect.ownKeys(prototype).length !== keys) throw new Error('a prototype was changed');
  return result;
}

/** A person reads it. */
const LONGEST_MESSAGE = 5000;
