import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyEdit } from '../../src/config/edit';
import { parseConfig } from '../../src/config/parse';
import { contextAt, proposalsAt } from '../../src/extension/configuration/completion';
import { countExamples } from '../../src/extension/configuration/exampleCount';
import { fixesFor, type Translate } from '../../src/extension/configuration/fixes';
import { hoverAt } from '../../src/extension/configuration/hover';
import { lookUp } from '../../src/extension/configuration/lookup';
import { missingPaths, writtenPaths } from '../../src/config/writtenPaths';
import { problemsToReport } from '../../src/extension/configuration/reporting';

/** `vscode.l10n.t` without a bundle. */
const t: Translate = (text, ...values) =>
  text.replace(/\{(\d+)\}/g, (_, index: string) => values[Number(index)] ?? '');

/** A text with `|` where the cursor is. */
function atCursor(marked: string): { text: string; offset: number } {
  const offset = marked.indexOf('|');
  return { text: marked.slice(0, offset) + marked.slice(offset + 1), offset };
}

describe('quick fixes', () => {
  it.each([
    ['init_rl: 1e-4 # c\n', 'Rename to `init_lr`', 'init_lr: 1e-4 # c\n'],
    ['init_rl: 1e-4 # c\n', 'Remove `init_rl`', ''],
    ['# above\ninit_lr: 30 # c\n', 'Change to 10', '# above\ninit_lr: 10 # c\n'],
    ['seed: 1_000\n', 'Change to 1000', 'seed: 1000\n'],
    ['xla: yes\n', 'Change to true', 'xla: true\n'],
    ['vit: Larg\n', 'Change to large', 'vit: large\n'],
    ['max_epoch: abc # c\n', 'Reset to Default (15)', 'max_epoch: 15 # c\n'],
    ['seed: 1\nseed: 2\n', 'Remove `seed`', 'seed: 1\n'],
    ['image_size: 100\n', 'Change to 96', 'image_size: 96\n'],
    [
      'vit_grad_ckpt: false\nvit_ckpt_layer: 4\n',
      'Set `vit_grad_ckpt` to true',
      'vit_grad_ckpt: true\nvit_ckpt_layer: 4\n',
    ],
    ['vit: { heads: 5 }\n', 'Change to 4', 'vit: { heads: 4 }\n'],
    ['pretrained: http://a/b\n', 'Change to https://a/b', 'pretrained: https://a/b\n'],
  ])('%j: %s', (text, title, expected) => {
    const fixes = parseConfig(text).problems.flatMap((problem) => fixesFor(text, problem, t));
    const fix = fixes.find((each) => each.title === title);
    expect(fixes.map((each) => each.title)).toContain(title);
    expect(applyEdit(text, fix?.edit)).toBe(expected);
  });

  it('fix their problem, best fix first', () => {
    const broken =
      'init_rl: 1\nimage_size: 100\nxla: yes\nseed: 1\nseed: 2\nvit: Larg\nmax_epoch: 0\n';
    let text = broken;
    for (let round = 0; round < 10; round++) {
      const [problem] = parseConfig(text).problems;
      if (problem === undefined) break;
      const [fix] = fixesFor(text, problem, t);
      expect(fix?.preferred).toBe(true);
      text = applyEdit(text, fix?.edit);
    }
    expect(parseConfig(text).problems).toEqual([]);
  });

  it('are not offered if the text is invalid elsewhere', () => {
    const text = 'init_rl: 1\nvit: {width: 3\n';
    expect(parseConfig(text).problems.flatMap((problem) => fixesFor(text, problem, t))).toEqual([]);
  });
});

describe('hovers', () => {
  it('explain the key, on it and on its value', () => {
    for (const marked of ['see|d: 1', 'seed: 1|']) {
      const { text, offset } = atCursor(marked);
      const hover = hoverAt(parseConfig(text), offset, t);
      expect(hover?.text).toContain('Seed for initialization');
      expect(hover?.text).toContain('Default: `42`');
      expect(hover?.text).toContain('In BLIP: the same');
    }
  });

  it('explain the field rather than its mapping', () => {
    const { text, offset } = atCursor('vit: {width: 6|4, depth: 2}');
    expect(hoverAt(parseConfig(text), offset, t)?.text).toContain('`vit.width`');
    const on = atCursor('v|it: {width: 64}');
    expect(hoverAt(parseConfig(on.text), on.offset, t)?.text).toContain('a size by name');
  });

  it('are empty for unknown keys and comments', () => {
    for (const marked of ['sed|d: 1', 'seed: 1 # com|ment']) {
      const { text, offset } = atCursor(marked);
      expect(hoverAt(parseConfig(text), offset, t)).toBe(undefined);
    }
  });
});

describe('completion', () => {
  const labels = (marked: string): string[] => {
    const { text, offset } = atCursor(marked);
    const place = contextAt(text, offset);
    return place === undefined ? [] : proposalsAt(place).map(({ label }) => label);
  };

  it('offers missing keys, also while the file is invalid', () => {
    expect(labels('|')).toContain('image_root');
    const offered = labels('seed: 1\nini|\nmax_epoch: 3\n');
    expect(offered).toContain('init_lr');
    expect(offered).not.toContain('seed');
    expect(offered).not.toContain('max_epoch');
  });

  it('offers the fields of a mapping, in blocks and between braces', () => {
    expect(labels('vit:\n  width: 64\n  |')).toEqual(['depth', 'heads', 'patch_size']);
    expect(labels('vit:\n  |\n  heads: 4\nseed: 1\n')).toEqual(['width', 'depth', 'patch_size']);
    expect(labels('vit: {width: 64, |')).toEqual(['depth', 'heads', 'patch_size']);
    expect(labels('seed: 1\n  |')).toEqual([]);
  });

  it('offers values: booleans, names, the default of a number', () => {
    expect(labels('xla: |')).toEqual(['true', 'false']);
    expect(labels('precision: f|')).toEqual(['fp32', 'tf32', 'bf16', 'fp16', 'auto']);
    expect(labels('vit: |')).toEqual(['base', 'large', 'tiny', 'small']);
    expect(labels('init_lr: |')).toEqual(['3e-5']);
    expect(labels('vit:\n  depth: |')).toEqual(['12']);
    expect(labels('vit: {depth: |')).toEqual(['12']);
  });

  it('offers nothing in comments and after an unknown key', () => {
    expect(labels('# see|')).toEqual([]);
    expect(labels('seed: 1 # se|')).toEqual([]);
    expect(labels('nothing: |')).toEqual([]);
  });

  it('completes the typed part of a path', () => {
    const { text, offset } = atCursor('ann_files:\n  train: "a/b|');
    expect(contextAt(text, offset)).toEqual({
      kind: 'value',
      key: 'ann_files.train',
      typed: 'a/b',
      quoted: true,
    });
  });

  it('inserts a snippet with a placeholder for the value', () => {
    const insert = (key: string): string | undefined =>
      proposalsAt({ kind: 'key', parent: '', typed: '', used: [], inFlow: false }).find(
        ({ label }) => label === key,
      )?.insert;
    expect(insert('xla')).toBe('xla: ${1|true,false|}');
    expect(insert('init_lr')).toBe('init_lr: ${1:3e-5}');
    expect(insert('ann_files')).toBe('ann_files:\n  $0');
  });
});

describe('a problem of another extension', () => {
  const { problems } = parseConfig('seed: 1\nseed: 2\nimage_sise: 3\nimage_size: 100\n');
  const codes = (elsewhere: Parameters<typeof problemsToReport>[1]): string[] =>
    problemsToReport(problems, elsewhere).map(({ code }) => code);

  it('is not reported twice', () => {
    expect(codes('nothing')).toEqual(['duplicate-key', 'unknown-key', 'conflict']);
    expect(codes('syntax')).toEqual(['unknown-key', 'conflict']);
    expect(codes('schema')).toEqual(['conflict']);
  });
});

describe('on the disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nlvr-text-'));
    mkdirSync(join(folder, 'ann'));
    mkdirSync(join(folder, 'images'));
    writeFileSync(join(folder, 'ann/train.json'), '[]');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const missing = async (text: string): Promise<string[]> =>
    (await missingPaths(parseConfig(text), folder, lookUp)).map(
      ({ key, line, message }) => `${line} ${key}: ${message.replaceAll(folder, '.')}`,
    );

  it('reports missing files and folders at their positions', async () => {
    expect(
      await missing(
        'image_root: images\nann_root: ann\nann_files:\n  train: train.json\n  val: no.json\n  test: ""\npretrained: w.pth\noutput_dir: out\n',
      ),
    ).toEqual([
      '5 ann_files.val: `ann_files.val`: ./ann/no.json does not exist.',
      '7 pretrained: `pretrained`: ./w.pth does not exist.',
    ]);
  });

  it('reports a missing ann_root once, and its default files there', async () => {
    expect(await missing('ann_root: no\nann_files: {train: a}\n')).toEqual([
      '1 ann_root: `ann_root`: ./no does not exist.',
    ]);
    expect(await missing('ann_root: ann\nann_files: {train: train.json, test: ""}\n')).toEqual([
      '1 ann_root: `ann_files.val`: ./ann/nlvr_dev.json does not exist.',
    ]);
  });

  it('distinguishes a file from a folder, and accepts a run folder for weights', async () => {
    expect(await missing('image_root: ann/train.json\n')).toEqual([
      '1 image_root: `image_root`: ./ann/train.json is a file. A folder is required.',
    ]);
    expect(await missing('pretrained: images\n')).toEqual([]);
    expect(await missing('pretrained: https://example.org/w.pth\n')).toEqual([]);
  });

  it('finds the paths to link', () => {
    const text =
      'pretrained: https://example.org/w.pth\nann_files: {train: t.json}\nmed_config: m.json\n';
    expect(
      writtenPaths(parseConfig(text), folder).map(({ key, target, range }) => [
        key,
        target,
        text.slice(...range),
      ]),
    ).toEqual([
      ['pretrained', 'https://example.org/w.pth', 'https://example.org/w.pth'],
      ['ann_files.train', join(folder, 'annotation/t.json'), 't.json'],
      ['med_config', join(folder, 'm.json'), 'm.json'],
    ]);
  });

  it.each([
    ['[]', 0],
    ['[{"sentence": "a } ] \\" {", "images": ["a", "b"]}, {"x": {"y": [{}]}}]', 2],
    ['\uFEFF  [{}]', 1],
    ['{"left_url": 1}\n\n{"left_url": 2}\r\n{"left_url": 3}', 3],
    ['{"identifier": "1-0", "structured_rep": []}\n{"structured_rep": []}\n', 12],
    ['', 0],
  ])('counts the examples of %j', async (text, count) => {
    const file = join(folder, 'a.json');
    writeFileSync(file, text);
    expect(await countExamples(file, 'auto')).toBe(count);
  });

  it('counts across the chunks of a large file', async () => {
    const file = join(folder, 'a.json');
    const example = { sentence: 'x"\\'.repeat(50), images: ['a', 'b'] };
    writeFileSync(file, JSON.stringify(Array.from({ length: 3000 }, () => example)));
    expect(await countExamples(file, 'auto')).toBe(3000);
    expect(await countExamples(file, 'nlvr1')).toBe(3000);
  });
});
