import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { definition } from '../../src/config/definition';
import type { FieldKey } from '../../src/config/definitions/keyKinds';
import { dumpConfig } from '../../src/config/dump';
import { ConfigError } from '../../src/config/configError';
import { loadConfig } from '../../src/config/load';
import { configKeys, definitionOf, fieldsOf } from '../../src/config/keys';
import { blipMedConfig, checkMedConfig, readMedConfig } from '../../src/config/medConfig';
import { parseOverride } from '../../src/config/overrides';
import { parseConfig } from '../../src/config/parse';
import { configPaths } from '../../src/config/paths';
import type { ConfigProblem } from '../../src/config/problem';
import { UserError } from '../../src/util/userError';

/** BLIP's configs/nlvr.yaml, byte for byte (BSD-3-Clause, Salesforce). */
const blipYaml = `image_root: '/export/share/datasets/vision/NLVR2/' 
ann_root: 'annotation'

# set pretrained as a file path or an url
pretrained: 'https://storage.googleapis.com/sfr-vision-language-research/BLIP/models/model_base_nlvr.pth'

#size of vit model; base or large
vit: 'base'
batch_size_train: 16 
batch_size_test: 64 
vit_grad_ckpt: False
vit_ckpt_layer: 0
max_epoch: 15

image_size: 384

# optimizer
weight_decay: 0.05
init_lr: 3e-5
min_lr: 0

`;

/** The only problem of a text; fails if there are none or several. */
function problemOf(text: string): ConfigProblem {
  const { problems } = parseConfig(text);
  expect(problems.map(({ message }) => message)).toHaveLength(1);
  const [problem] = problems;
  if (problem === undefined) throw new Error('no problem');
  return problem;
}

const markedText = (text: string, { range }: ConfigProblem): string => text.slice(...range);

describe('parseConfig', () => {
  it("loads BLIP's own nlvr.yaml unchanged and without a problem", () => {
    const { config, problems } = parseConfig(blipYaml);
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      image_root: '/export/share/datasets/vision/NLVR2/',
      ann_root: 'annotation',
      vit: 'base',
      batch_size_train: 16,
      batch_size_test: 64,
      vit_grad_ckpt: false,
      vit_ckpt_layer: 0,
      max_epoch: 15,
      image_size: 384,
      weight_decay: 0.05,
      init_lr: 3e-5,
      min_lr: 0,
    });
  });

  it('uses the default of every key if the file is empty', () => {
    for (const text of ['', '# only a comment\n', '---\n', '\n\n']) {
      const { config, problems } = parseConfig(text);
      expect(problems).toEqual([]);
      for (const [key, { default: value }] of Object.entries(definition))
        expect(config).toHaveProperty([key], value);
    }
  });

  it('does not let two configurations share their defaults', () => {
    const first = parseConfig('').config;
    first.ann_files.train = 'changed';
    expect(parseConfig('').config.ann_files.train).toBe('nlvr_train.json');
  });

  it.each([
    ['init_lr: 3e-5', 3e-5],
    ['init_lr: 3E-5', 3e-5],
    ['init_lr: 3.0e-5', 3e-5],
    ['init_lr: .5', 0.5],
    ['init_lr: 1', 1],
    ['init_lr: +1e-4', 1e-4],
  ])('reads the number in "%s"', (text, value) => {
    const { config, problems } = parseConfig(text);
    expect(problems).toEqual([]);
    expect(config.init_lr).toBe(value);
  });

  it.each([
    ['init_lr: "3e-5"', 3e-5],
    ['init_lr: 3e_5', undefined],
    ['seed: 1_000', 1000],
    ['seed: 1.5', 2],
    ['max_epoch: fifteen', 15],
    ['max_epoch:', 15],
    ['max_epoch: [15]', 15],
    ['init_lr: .nan', 3e-5],
    ['xla: yes', true],
    ['xla: off', false],
    ['xla: 1', true],
    ['device: true', 'auto'],
    ['ann_root: 2024', '2024'],
  ])('reports the type of "%s" and suggests a valid value', (text, value) => {
    const problem = problemOf(text);
    expect(problem.code).toBe('wrong-type');
    if (value !== undefined)
      expect(problem.suggestions[0]).toEqual({ kind: 'set', key: problem.key, value });
    expect(problem.message).toContain(`\`${problem.key}\``);
  });

  it('reports key, value, range and line of a value out of range, and suggests the nearest valid value', () => {
    const text = '# a comment\nseed: 3\ninit_lr: 30 # hot\n';
    const problem = problemOf(text);
    expect(problem).toMatchObject({
      severity: 'error',
      code: 'out-of-range',
      key: 'init_lr',
      message: '`init_lr` is 30: it must be from 0 to 10.',
      line: 3,
      column: 10,
      suggestions: [{ kind: 'set', key: 'init_lr', value: 10 }],
    });
    expect(markedText(text, problem)).toBe('30');
  });

  it('refuses infinity as out of range', () => {
    expect(problemOf('init_lr: .inf').code).toBe('out-of-range');
  });

  it.each([
    ['image_sise: 3', 'image_size'],
    ['batchSizeTrain: 3', 'batch_size_train'],
    ['init-lr: 1', 'init_lr'],
    ['lr: 1', 'init_lr'],
    ['epochs: 1', 'max_epoch'],
    ['ann_files: {trian: a}', 'train'],
    ['vit: {pach_size: 16}', 'patch_size'],
  ])('suggests the nearest key for "%s"', (text, to) => {
    const problem = problemOf(text);
    expect(problem).toMatchObject({ code: 'unknown-key', severity: 'error' });
    expect(problem.suggestions).toEqual([{ kind: 'rename', to }, { kind: 'remove' }]);
    expect(problem.message).toContain(`\`${to}\``);
  });

  it('does not suggest a key that is already set or not similar', () => {
    const text = 'init_lr: 1e-4\nlearning_rate: 1e-4\n';
    const problem = problemOf(text);
    expect(problem.suggestions).toEqual([{ kind: 'remove' }]);
    expect(problem.message).toContain('which is already set');
    expect(markedText(text, problem)).toBe('learning_rate');
    expect(problemOf('zzzzzz: 1').suggestions).toEqual([{ kind: 'remove' }]);
    expect(problemOf('constructor: 1').code).toBe('unknown-key');
    expect(problemOf('vit: {constructor: 1}').code).toBe('unknown-key');
    expect(problemOf('"vit.width": 64').code).toBe('unknown-key');
  });

  it('reports the mapping of a field at the top level', () => {
    expect(problemOf('patch_size: 16').message).toContain('It belongs under `vit`.');
  });

  it('reports a duplicate key at its second position', () => {
    const text = 'seed: 1\nvit: {width: 64, heads: 4, width: 32}\nseed: 2\n';
    const { problems, config } = parseConfig(text);
    expect(problems.map(({ code, key, line }) => ({ code, key, line }))).toEqual([
      { code: 'duplicate-key', key: 'vit.width', line: 2 },
      { code: 'duplicate-key', key: 'seed', line: 3 },
    ]);
    expect(config.seed).toBe(2);
  });

  it.each([
    ['a list', '- 1\n- 2'],
    ['"text"', 'text'],
    ['7', '7'],
  ])('reports a file with %s instead of keys', (kind, text) => {
    const problem = problemOf(text);
    expect(problem.code).toBe('not-a-mapping');
    expect(problem.message).toContain(kind);
  });

  it.each([
    ['a tab', 'vit:\n\twidth: 64\n', 2],
    ['a mapping in a value', 'seed: 1\nvit: width: 64\n', 2],
    ['an open quote', 'seed: 1\nann_root: "annotation\n', 2],
    ['an open flow mapping', 'vit: {width: 64\n', 1],
    ['a second document', 'seed: 1\n---\nseed: 2\n', 2],
    ['an unknown alias', 'seed: *nothing\n', 1],
    ['a flow mapping that is not indented', 'seed: 1\nvit: {\nwidth: 64\n}\n', 3],
    ['a Python object', 'seed: !!python/object/apply:os.system ["id"]\n', 1],
    ['wrong indentation', 'vit:\n  width: 64\n heads: 4\n', 3],
  ])('reports %s as a syntax error in its line', (_, text, line) => {
    const { problems, config } = parseConfig(text);
    expect(problems[0]).toMatchObject({ severity: 'error', code: 'syntax' });
    expect(problems[0]?.line).toBeGreaterThanOrEqual(line);
    expect(problems[0]?.line).toBeLessThanOrEqual(line + 1);
    expect(problems.every(({ range }) => range[1] <= text.length)).toBe(true);
    expect(config.seed).toBe(42);
  });

  it('resolves anchors and merge keys', () => {
    const { config, problems } = parseConfig(
      'batch_size_train: &n 32\nbatch_size_test: *n\nvit: {<<: {width: 64, heads: 4}, depth: 2}\n',
    );
    expect(problems).toEqual([]);
    expect(config.batch_size_test).toBe(32);
    expect(config.vit).toEqual({ width: 64, depth: 2, heads: 4, patch_size: 16 });
  });

  it('uses the defaults of missing fields of a mapping', () => {
    const { config } = parseConfig('ann_files:\n  train: a.json\nvit: {depth: 4}\n');
    expect(config.ann_files).toEqual({
      train: 'a.json',
      val: 'nlvr_dev.json',
      test: 'nlvr_test.json',
    });
    expect(config.vit).toEqual({ width: 768, depth: 4, heads: 12, patch_size: 16 });
  });

  it('accepts names, paths and mappings only as defined', () => {
    expect(parseConfig('vit: large').config.vit).toBe('large');
    expect(parseConfig('med_config: my.json').config.med_config).toBe('my.json');
    expect(problemOf('vit: Larg').suggestions[0]).toEqual({
      kind: 'set',
      key: 'vit',
      value: 'large',
    });
    expect(problemOf('ann_files: a.json').code).toBe('wrong-type');
    expect(problemOf('vit: [1]').code).toBe('wrong-type');
  });

  it("accepts BLIP's med_config.json as a mapping, including the keys that BLIP does not read", () => {
    const json = readFileSync('test/fixtures/tiny-a/med_config.json', 'utf8');
    const text = `med_config: ${json.trim().replaceAll('\n', '\n  ')}`;
    const { config, problems } = parseConfig(text);
    expect(problems).toEqual([]);
    expect(config.med_config).toMatchObject({ hidden_size: 28, num_hidden_layers: 8 });
    expect(config.med_config).not.toHaveProperty('hidden_act');
    expect(problemOf('med_config: {hidden_act: relu}').code).toBe('not-one-of');
  });

  it('accepts https only for weights, and never http', () => {
    expect(parseConfig('pretrained: https://example.org/a.pth').problems).toEqual([]);
    expect(problemOf('pretrained: http://example.org/a.pth')).toMatchObject({
      code: 'bad-path',
      suggestions: [{ kind: 'set', key: 'pretrained', value: 'https://example.org/a.pth' }],
    });
    expect(problemOf('image_root: https://example.org/').code).toBe('bad-path');
    expect(problemOf('image_root: "a\\0b"').code).toBe('bad-path');
    expect(parseConfig('pretrained:\n').config.pretrained).toBe('');
    expect(parseConfig('pretrained: ~\n').config.pretrained).toBe('');
  });

  it('reports correct positions with CRLF line breaks', () => {
    const text = 'seed: 1\r\ninit_lr: 30\r\n';
    const problem = problemOf(text);
    expect(problem).toMatchObject({ line: 2, column: 10 });
    expect(markedText(text, problem)).toBe('30');
  });
});

describe('checks between keys', () => {
  it.each([
    ['image_size: 100', 'image_size', 'error', { kind: 'set', key: 'image_size', value: 96 }],
    [
      'med_config: {vocab_size: 30522}',
      'med_config.vocab_size',
      'error',
      { kind: 'set', key: 'med_config.vocab_size', value: 30524 },
    ],
    [
      'med_config: {encoder_width: 64}',
      'med_config.encoder_width',
      'information',
      { kind: 'set', key: 'med_config.encoder_width', value: 768 },
    ],
    ['vit: {heads: 5}', 'vit.heads', 'error', { kind: 'set', key: 'vit.heads', value: 4 }],
    [
      'med_config: {hidden_size: 64}',
      'med_config.hidden_size',
      'error',
      { kind: 'set', key: 'med_config.num_attention_heads', value: 8 },
    ],
    ['min_lr: 1e-4', 'min_lr', 'error', { kind: 'set', key: 'min_lr', value: 0 }],
    [
      'xla: true\nvit_grad_ckpt: true\nvit_ckpt_layer: 4',
      'xla',
      'error',
      { kind: 'set', key: 'xla', value: false },
    ],
    [
      'vit_grad_ckpt: true',
      'vit_grad_ckpt',
      'warning',
      { kind: 'set', key: 'vit_ckpt_layer', value: 12 },
    ],
    [
      'vit_grad_ckpt: false\nvit_ckpt_layer: 4',
      'vit_ckpt_layer',
      'information',
      { kind: 'set', key: 'vit_grad_ckpt', value: true },
    ],
    [
      'vit_grad_ckpt: true\nvit_ckpt_layer: 20',
      'vit_ckpt_layer',
      'information',
      { kind: 'set', key: 'vit_ckpt_layer', value: 12 },
    ],
    [
      'warmup_steps: 10\nwarmup_lr: 1e-3',
      'warmup_lr',
      'warning',
      { kind: 'set', key: 'warmup_lr', value: 0 },
    ],
    ['init_lr: 0', 'init_lr', 'warning', { kind: 'set', key: 'init_lr', value: 3e-5 }],
    [
      'curriculum: {epochs: 2}',
      'curriculum.epochs',
      'error',
      { kind: 'set', key: 'curriculum.epochs', value: 0 },
    ],
    [
      'early_stop: 3\nann_files: {val: ""}',
      'early_stop',
      'error',
      { kind: 'set', key: 'early_stop', value: 0 },
    ],
  ])('%s', (text, key, severity, suggestion) => {
    const problem = problemOf(text);
    expect(problem).toMatchObject({ key, severity });
    expect(problem.suggestions[0]).toEqual(suggestion);
  });

  it('are skipped for keys with invalid values', () => {
    const { problems } = parseConfig('init_lr: hot\nmin_lr: 1\nimage_size: 100\n');
    expect(problems.map(({ key }) => key)).toEqual(['init_lr', 'image_size']);
  });

  it('report an ineffective vit_ckpt_layer only if the file sets it', () => {
    expect(parseConfig('seed: 1').problems).toEqual([]);
  });
});

describe('loadConfig', () => {
  let folder: string;
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nlvr-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('resolves paths from the file and annotations from ann_root, and keeps addresses', () => {
    const file = write(
      'nlvr.yaml',
      'image_root: images\nann_root: ../ann\nann_files: {train: a.json, val: /abs/b.json, test: ""}\npretrained: https://example.org/w.pth\n',
    );
    const { config, folder: from } = loadConfig(file);
    expect(from).toBe(folder);
    expect(configPaths(config, from)).toEqual({
      imageRoot: join(folder, 'images'),
      annRoot: join(folder, '../ann'),
      annFiles: { train: join(folder, '../ann/a.json'), val: '/abs/b.json' },
      curriculum: undefined,
      pretrained: 'https://example.org/w.pth',
      medConfig: undefined,
      outputDir: join(folder, 'output/NLVR'),
    });
  });

  it('dumps a copy with the same meaning in another folder, independent of order and style', () => {
    const file = write(
      'nlvr.yaml',
      'seed: 7 # lucky\nimage_root: images\ninit_lr: 0.00003\npretrained: w.pth\nvit: {heads: 4, width: 64}\n',
    );
    const loaded = loadConfig(file);
    const text = dumpConfig(loaded.config, folder);
    expect(text).toContain('init_lr: 3e-5');
    const elsewhere = join(folder, 'runs');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'config.yaml'), text);
    const copy = loadConfig(join(elsewhere, 'config.yaml'));
    expect(configPaths(copy.config, copy.folder)).toEqual(configPaths(loaded.config, folder));
    expect(copy.hash).toBe(loaded.hash);
    expect(dumpConfig(copy.config, copy.folder)).toBe(text);
    expect(Object.keys(load(text) as object)).toEqual(Object.keys(definition));
  });

  it('applies overrides, also dotted ones inside mappings', () => {
    const file = write('nlvr.yaml', 'init_lr: hot\nvit: tiny\nseed: 1\n');
    const { config } = loadConfig(file, [
      'init_lr=1e-4',
      'vit.depth=2',
      'xla=true',
      'output_dir=/a: b',
      'seed=2',
      'seed=3',
    ]);
    expect(config).toMatchObject({
      init_lr: 1e-4,
      vit: { width: 192, depth: 2, heads: 3, patch_size: 16 },
      xla: true,
      output_dir: '/a: b',
      seed: 3,
    });
  });

  it('can override every key, including fields of mappings', () => {
    const other = (key: FieldKey): string | number | boolean => {
      switch (key.kind) {
        case 'boolean':
          return !key.default;
        case 'enum':
          return key.values.find((value) => value !== key.default) ?? '';
        case 'path':
          return '/elsewhere';
        default:
          return key.default === key.max ? key.min : key.max;
      }
    };
    const keys = configKeys.flatMap((key) => {
      const fields = Object.keys(fieldsOf(definitionOf(key)) ?? {});
      return fields.length > 0 ? fields.map((field) => `${key}.${field}`) : [key];
    });
    expect(keys.length).toBeGreaterThan(50);
    for (const key of keys) {
      const known = definitionOf(key);
      if (!known || known.kind === 'mapping') throw new Error(`${key} has no values`);
      const value = other(known);
      const { config } = parseConfig('', [parseOverride(`${key}=${value}`, '/')]);
      const [name, field] = key.split('.');
      const found = config[name as keyof typeof config] as unknown;
      const set = field === undefined ? found : (found as Record<string, unknown>)[field];
      expect(set, key).toBe(value);
    }
  });

  it('checks overrides like the file, and names them in the problem', () => {
    const file = write('nlvr.yaml', 'seed: 1\n');
    expect(() => loadConfig(file, ['init_lr=30'])).toThrow(
      '`init_lr` is 30: it must be from 0 to 10. (from init_lr=30)',
    );
    expect(() => loadConfig(file, ['init_rl=1'])).toThrow('Did you mean `init_lr`?');
    expect(() => loadConfig(file, ['init_lr'])).toThrow('does not have the form key=value');
    expect(() => loadConfig(file, ['vit={width: 64'])).toThrow('not valid YAML');
  });

  it('throws one paragraph with file, line and column, and exit code 2', () => {
    const file = write('nlvr.yaml', 'seed: 1\nimage_sise: 3\ninit_lr: 30\n');
    let thrown: unknown;
    try {
      loadConfig(file);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof ConfigError)) throw new Error('expected a ConfigError');
    expect(thrown).toBeInstanceOf(UserError);
    expect(thrown.exitCode).toBe(2);
    expect(thrown.problems).toHaveLength(2);
    expect(thrown.message).toBe(
      `${file}:2:1: \`image_sise\` is not a key of the configuration. Did you mean \`image_size\`?\n` +
        `${file}:3:10: \`init_lr\` is 30: it must be from 0 to 10.`,
    );
  });

  it('reports a missing file, and a folder', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'))).toThrow('does not exist');
    expect(() => loadConfig(folder)).toThrow('is a folder');
  });

  it('skips a byte order mark', () => {
    expect(loadConfig(write('nlvr.yaml', '\uFEFFseed: 5\n')).config.seed).toBe(5);
  });
});

describe('readMedConfig', () => {
  it("has BLIP's sizes built in", () => {
    expect(readMedConfig({ med_config: 'med_config.json', max_words: 40 }, '/nowhere')).toEqual(
      blipMedConfig,
    );
    expect(blipMedConfig).toMatchObject({
      hidden_size: 768,
      num_hidden_layers: 12,
      intermediate_size: 3072,
      vocab_size: 30524,
    });
  });

  it('reads a file next to the configuration', () => {
    expect(
      readMedConfig({ med_config: 'med_config.json', max_words: 40 }, 'test/fixtures/tiny-a'),
    ).toMatchObject({ hidden_size: 28, vocab_size: 30524, hidden_dropout_prob: 0.1 });
  });

  it('reports a missing or invalid file by name', () => {
    expect(() => readMedConfig({ med_config: 'mine.json', max_words: 40 }, '/nowhere')).toThrow(
      '/nowhere/mine.json, which does not exist',
    );
    const folder = mkdtempSync(join(tmpdir(), 'nlvr-med-'));
    for (const [text, message] of [
      ['{', 'is not valid JSON'],
      ['[]', 'must contain one JSON object'],
      ['{"hidden_size": "big"}', 'm.json:1:17: `hidden_size` is "big"'],
      ['{"hidden_size": 770}', '`med_config.num_attention_heads` is 12: it must divide'],
      ['{"vocab_size": 30522}', "is 30522: BLIP's tokenizer needs 30524 rows"],
      ['{"max_position_embeddings": 41}', '`max_words` is 40: such a sentence has at least 42'],
      [
        '{"num_attention_heads": 5, "vocab_size": 9}',
        /m\.json:1:25: .*\n.*m\.json:1:42: .*30524 rows/,
      ],
      ['{"hidden_act": "relu"}', '"gelu" only'],
    ] as const) {
      writeFileSync(join(folder, 'm.json'), text);
      expect(() => readMedConfig({ med_config: 'm.json', max_words: 40 }, folder)).toThrow(message);
    }
    rmSync(folder, { recursive: true });
  });
});

describe('checkMedConfig', () => {
  const found = (text: string): string[] =>
    checkMedConfig(text).problems.map(
      ({ severity, code, line, column, message }) =>
        `${line}:${column} ${severity} ${code}: ${message}`,
    );

  it('reports the position of each problem in the file', () => {
    const text = `{
  "architectures": ["BertModel", {"a": [1, -2.5e3, null]}],
  "hiden_size": 64,
  "frobnicate": {"a": "}"},
  "hidden_act": "relu",
  "layer_norm_eps": 2,
\t"num_attention_heads": 5,
  "vocab_size": 30522
}`;
    expect(found(text)).toEqual([
      '3:3 warning unknown-key: `hiden_size` is not a key of `med_config`. Did you mean `hidden_size`?',
      '4:3 warning unknown-key: `frobnicate` is not a key of `med_config`. It has no effect.',
      '5:17 error not-one-of: `hidden_act` is "relu": the model has "gelu" only.',
      '6:21 error out-of-range: `layer_norm_eps` is 2: it must be from 0 to 1.',
      '7:25 error conflict: `med_config.num_attention_heads` is 5: it must divide `med_config.hidden_size`, 768.',
      expect.stringMatching(/^8:17 error conflict: .*needs 30524 rows/),
    ]);
    expect(checkMedConfig(text).config).toEqual({
      ...blipMedConfig,
      num_attention_heads: 5,
      vocab_size: 30522,
    });
  });

  it("accepts BLIP's file, and a BERT configuration as written by transformers", () => {
    const blip = readFileSync('configs/med_config.json', 'utf8');
    expect(checkMedConfig(blip)).toEqual({ config: blipMedConfig, problems: [] });
    const bert = blip.replace(
      '"model_type"',
      '"position_embedding_type": "absolute", "use_cache": true, "classifier_dropout": null, "transformers_version": "4.6.0", "gradient_checkpointing": false, "model_type"',
    );
    expect(found(bert)).toEqual([]);
    expect(found('{"position_embedding_type": "relative_key"}')).toEqual([
      expect.stringContaining('the model has "absolute" only'),
    ]);
  });

  it.each([
    ['', '1:1', 'A value is expected here.'],
    ['{', '1:1', 'A key in double quotes is expected here.'],
    ['{\n"a": 1,\n}', '3:1', 'A key in double quotes is expected here.'],
    ['{"a" 1}', '1:6', 'A colon is expected here.'],
    ['{"a": [1 2]}', '1:10', 'A comma or "]" is expected here.'],
    ['{"a": 01}', '1:8', 'A comma or "}" is expected here.'],
    ["{'a': 1}", '1:2', 'A key in double quotes is expected here.'],
    ['{"a": "\\x"}', '1:7', 'A value is expected here.'],
    ['{} // BERT', '1:4', 'Nothing may follow the object.'],
    [`{"a": ${'['.repeat(1e5)}`, '1:107', 'It is nested too deeply.'],
  ])('reports where %j is not valid JSON', (text, place, message) => {
    expect(() => void JSON.parse(text.length > 1000 ? '[' : text)).toThrow();
    expect(found(text)).toEqual([`${place} error syntax: This is not valid JSON. ${message}`]);
  });
});
