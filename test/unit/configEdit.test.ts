import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { definition } from '../../src/config/definition';
import type { KeyDefinition } from '../../src/config/definitions/keyKinds';
import { applyEdit, editConfig, type ConfigEdit, type EditValue } from '../../src/config/edit';
import { parseConfig } from '../../src/config/parse';

const edited = (text: string, edit: ConfigEdit): string => applyEdit(text, editConfig(text, edit));
const set = (text: string, key: string, value: EditValue): string =>
  edited(text, { kind: 'set', key, value });
const remove = (text: string, key: string): string => edited(text, { kind: 'remove', key });
const values = (text: string): unknown => load(text, { schema: CORE_SCHEMA.withTags(mergeTag) });

describe('setting an existing value', () => {
  it.each<[string, string, string, EditValue, string]>([
    ['number', 'seed: 1\n', 'seed', 2, 'seed: 2\n'],
    ['small number', 'init_lr: 1\n', 'init_lr', 3e-5, 'init_lr: 3e-5\n'],
    ['comment behind', 'seed: 1 # lucky\n', 'seed', 22, 'seed: 22 # lucky\n'],
    ['odd spacing', '"seed"  :   1   # lucky\n', 'seed', 2, '"seed"  :   2   # lucky\n'],
    ['single quotes kept', "ann_root: 'a' # x\n", 'ann_root', 'b', "ann_root: 'b' # x\n"],
    ['double quotes kept', 'ann_root: "a"\n', 'ann_root', 'b\\c', 'ann_root: "b\\\\c"\n'],
    ['plain stays plain', 'ann_root: a\n', 'ann_root', 'b/c d', 'ann_root: b/c d\n'],
    ['quotes where needed', 'ann_root: a\n', 'ann_root', 'a: b', "ann_root: 'a: b'\n"],
    ['a word of YAML 1.1', 'ann_root: a\n', 'ann_root', 'yes', "ann_root: 'yes'\n"],
    ['empty string', 'pretrained: a # w\n', 'pretrained', '', "pretrained: '' # w\n"],
    ['line break in a path', 'ann_root: a\n', 'ann_root', 'a\nb', 'ann_root: "a\\nb"\n'],
    ['boolean', 'xla: yes\n', 'xla', true, 'xla: true\n'],
    ['nothing there', 'seed:\nxla: true\n', 'seed', 1, 'seed: 1\nxla: true\n'],
    ['only a comment there', 'seed: # c\n', 'seed', 1, 'seed: 1 # c\n'],
    ['a tilde there', 'pretrained: ~ # c\n', 'pretrained', 'w', 'pretrained: w # c\n'],
    ['CRLF', 'seed: 1\r\nxla: true # c\r\n', 'seed', 2, 'seed: 2\r\nxla: true # c\r\n'],
    ['no newline at the end', 'seed: 1', 'seed', 2, 'seed: 2'],
    ['several lines', 'ann_root: "a\n  b"\nseed: 1\n', 'ann_root', 'c', 'ann_root: "c"\nseed: 1\n'],
    ['block scalar', 'ann_root: |\n  a\nseed: 1\n', 'ann_root', 'c', 'ann_root: c\nseed: 1\n'],
    ['anchor kept', 'seed: &s 1 # c\n', 'seed', 2, 'seed: &s 2 # c\n'],
    [
      'alias replaced',
      'seed: &s 1\nmax_epoch: *s # c\n',
      'max_epoch',
      2,
      'seed: &s 1\nmax_epoch: 2 # c\n',
    ],
    ['tag dropped', 'seed: !!int 1\n', 'seed', 2, 'seed: 2\n'],
    ['the last of two counts', 'seed: 1\nseed: 2\n', 'seed', 3, 'seed: 1\nseed: 3\n'],
    ['flow file', '{seed: 1, xla: true}\n', 'seed', 2, '{seed: 2, xla: true}\n'],
    ['flow string', '{ann_root: a}\n', 'ann_root', 'a, b', "{ann_root: 'a, b'}\n"],
    ['document start', '---\nseed: 1\n...\n', 'seed', 2, '---\nseed: 2\n...\n'],
    [
      'field of a block',
      'vit:\n  # w\n  width: 64 # c\n',
      'vit.width',
      32,
      'vit:\n  # w\n  width: 32 # c\n',
    ],
    [
      'field of a flow',
      'vit: {width: 64, depth: 2} # c\n',
      'vit.depth',
      3,
      'vit: {width: 64, depth: 3} # c\n',
    ],
  ])('%s', (_, text, key, value, expected) => {
    expect(set(text, key, value)).toBe(expected);
  });

  it('changes nothing if the value is already set, in any notation', () => {
    expect(editConfig('init_lr: 0.00003', { kind: 'set', key: 'init_lr', value: 3e-5 })).toBe(
      undefined,
    );
    expect(
      editConfig('vit: {depth: 2, width: 64}', {
        kind: 'set',
        key: 'vit',
        value: { width: 64, depth: 2 },
      }),
    ).toBe(undefined);
  });
});

describe('between names and mappings', () => {
  const size = { width: 64, depth: 2 };
  it.each<[string, string, string, EditValue, string]>([
    [
      'name → block',
      'vit: base # c\nseed: 1\n',
      'vit',
      size,
      'vit: # c\n  width: 64\n  depth: 2\nseed: 1\n',
    ],
    ['quoted name → block', "vit: 'base'\n", 'vit', size, 'vit:\n  width: 64\n  depth: 2\n'],
    ['no newline', 'vit: base', 'vit', size, 'vit:\n  width: 64\n  depth: 2'],
    [
      'CRLF',
      'vit: base\r\nseed: 1\r\n',
      'vit',
      size,
      'vit:\r\n  width: 64\r\n  depth: 2\r\nseed: 1\r\n',
    ],
    ['nothing → block', 'vit:\nseed: 1\n', 'vit', size, 'vit:\n  width: 64\n  depth: 2\nseed: 1\n'],
    [
      'in a flow file',
      '{vit: base, seed: 1}',
      'vit',
      size,
      '{vit: { width: 64, depth: 2 }, seed: 1}',
    ],
    [
      'flow stays flow',
      'vit: {width: 32} # c\n',
      'vit',
      size,
      'vit: { width: 64, depth: 2 } # c\n',
    ],
    [
      'block → name',
      'vit: # c\n  width: 64 # w\n  depth: 2\n\n# next\nseed: 1\n',
      'vit',
      'tiny',
      'vit: tiny # c\n\n# next\nseed: 1\n',
    ],
    [
      'block → name, CRLF',
      'vit:\r\n  width: 64\r\nseed: 1\r\n',
      'vit',
      'tiny',
      'vit: tiny\r\nseed: 1\r\n',
    ],
    ['flow → name', 'vit: {width: 64} # c\n', 'vit', 'tiny', 'vit: tiny # c\n'],
    [
      'anchored block → name',
      'vit: &v # c\n  width: 64\nseed: 1\n',
      'vit',
      'tiny',
      'vit: &v tiny # c\nseed: 1\n',
    ],
    [
      'field of a name',
      'vit: tiny # c\n',
      'vit.depth',
      2,
      'vit: # c\n  width: 192\n  depth: 2\n  heads: 3\n  patch_size: 16\n',
    ],
    [
      'field of nothing',
      'seed: 1\n',
      'ann_files.train',
      'a.json',
      'seed: 1\nann_files:\n  train: a.json\n',
    ],
  ])('%s', (_, text, key, value, expected) => {
    expect(set(text, key, value)).toBe(expected);
  });
});

describe('adding a key', () => {
  const file = `# my run
image_root: images # there

# Optimization
init_lr: 3e-5 # hot
max_epoch: 5

# Run
seed: 1
# the end
`;
  it.each<[string, string, string, EditValue, string]>([
    [
      'behind its predecessor in the group',
      file,
      'min_lr',
      1e-6,
      file.replace('# hot\n', '# hot\nmin_lr: 1e-6\n'),
    ],
    [
      'behind the first of the group',
      file,
      'batch_size_train',
      8,
      file.replace('max_epoch: 5\n', 'max_epoch: 5\nbatch_size_train: 8\n'),
    ],
    [
      'of a new group at the end, apart',
      file,
      'xla',
      true,
      file.replace('seed: 1\n', 'seed: 1\n\nxla: true\n'),
    ],
    ['without blank lines none is added', 'seed: 1\n', 'xla', true, 'seed: 1\nxla: true\n'],
    ['to an empty file', '', 'seed', 1, 'seed: 1\n'],
    ['to a file of comments', '# c', 'seed', 1, '# c\nseed: 1\n'],
    ['to a file of comments, CRLF', '# c\r\n', 'seed', 1, '# c\r\nseed: 1\r\n'],
    ['between document marks', '---\n...\n', 'seed', 1, '---\nseed: 1\n...\n'],
    ['without a newline at the end', 'init_lr: 1', 'min_lr', 0, 'init_lr: 1\nmin_lr: 0'],
    [
      'behind a block',
      'vit:\n  width: 64 # w\n  # inner\nseed: 1\n',
      'vit_ckpt_layer',
      2,
      'vit:\n  width: 64 # w\nvit_ckpt_layer: 2\n  # inner\nseed: 1\n',
    ],
    [
      'field at its place',
      'vit:\n    width: 64\n    patch_size: 8\n',
      'vit.depth',
      2,
      'vit:\n    width: 64\n    depth: 2\n    patch_size: 8\n',
    ],
    ['to a flow file', '{seed: 1}', 'init_lr', 1, '{init_lr: 1, seed: 1}'],
    ['to an empty flow', 'vit: {}', 'vit.depth', 2, 'vit: {depth: 2}'],
    ['to a padded flow', 'vit: { depth: 2 }', 'vit.width', 64, 'vit: { width: 64, depth: 2 }'],
    ['to the end of a flow', 'vit: { width: 64 }', 'vit.depth', 2, 'vit: { width: 64, depth: 2 }'],
    [
      'a mapping',
      'seed: 1\n',
      'curriculum',
      { ann_file: 'e.json', epochs: 2 },
      'seed: 1\ncurriculum:\n  ann_file: e.json\n  epochs: 2\n',
    ],
    ['over a merged one', 'vit: &v {width: 64}\n', 'vit.width', 32, 'vit: &v {width: 32}\n'],
  ])('%s', (_, text, key, value, expected) => {
    expect(set(text, key, value)).toBe(expected);
  });
});

describe('removing and renaming', () => {
  it.each<[string, string, string, string]>([
    ['a line', 'seed: 1 # c\nxla: true\n', 'seed', 'xla: true\n'],
    ['the comment above stays', '# rate\ninit_lr: 1\nseed: 1\n', 'init_lr', '# rate\nseed: 1\n'],
    ['the last line', 'seed: 1\nxla: true', 'xla', 'seed: 1\n'],
    ['CRLF', 'seed: 1\r\nxla: true\r\n', 'seed', 'xla: true\r\n'],
    ['a block', 'vit: # c\n  width: 64\n  depth: 2 # d\n\nseed: 1\n', 'vit', '\nseed: 1\n'],
    ['a field', 'vit:\n  width: 64 # w\n  depth: 2\n', 'vit.width', 'vit:\n  depth: 2\n'],
    ['the only field, with its key', 'vit:\n  width: 64\nseed: 1\n', 'vit.width', 'seed: 1\n'],
    ['first of a flow', 'vit: {width: 64, depth: 2}\n', 'vit.width', 'vit: {depth: 2}\n'],
    ['last of a flow', 'vit: {width: 64, depth: 2}\n', 'vit.depth', 'vit: {width: 64}\n'],
    ['only one of a flow', 'vit: {width: 64}\n', 'vit.width', 'vit: {}\n'],
    ['the only key', 'seed: 1\n', 'seed', ''],
    ['an empty key', 'seed:\nxla: true\n', 'seed', 'xla: true\n'],
    ['a block scalar', 'ann_root: |\n  a\n  b\nseed: 1\n', 'ann_root', 'seed: 1\n'],
  ])('%s', (_, text, key, expected) => {
    expect(remove(text, key)).toBe(expected);
  });

  it('selects one of two duplicates by position', () => {
    const text = 'seed: 1\nxla: true\nseed: 2\n';
    expect(edited(text, { kind: 'remove', key: 'seed', at: 0 })).toBe('xla: true\nseed: 2\n');
    expect(edited(text, { kind: 'remove', key: 'seed', at: 18 })).toBe('seed: 1\nxla: true\n');
  });

  it('renames only the key', () => {
    expect(edited('init_rl : 1 # c\n', { kind: 'rename', key: 'init_rl', to: 'init_lr' })).toBe(
      'init_lr : 1 # c\n',
    );
    expect(
      edited('ann_files: {trian: a}', { kind: 'rename', key: 'ann_files.trian', to: 'train' }),
    ).toBe('ann_files: {train: a}');
  });

  it('does nothing for a missing key', () => {
    expect(editConfig('seed: 1', { kind: 'remove', key: 'xla' })).toBe(undefined);
    expect(editConfig('', { kind: 'remove', key: 'xla' })).toBe(undefined);
  });
});

describe('texts that cannot be edited automatically', () => {
  it.each(['seed: [1', 'a: b: c', '- 1', 'seed: 1\n---\nseed: 2\n'])('%s', (text) => {
    expect(() => set(text, 'seed', 2)).toThrow('not valid YAML');
  });

  it('an explicit key is refused', () => {
    expect(() => remove('? seed\n: 1\n', 'seed')).toThrow('as text');
    expect(values(set('? seed\n: 1\n', 'seed', 2))).toEqual({ seed: 2 });
  });
});

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A file of random keys in random style, with a comment after and above every key. */
function randomFile(random: () => number): string {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const eol = random() < 0.3 ? '\r\n' : '\n';
  const lines: string[] = [];
  const scalar = (key: KeyDefinition): string => {
    switch (key.kind) {
      case 'path':
        return pick([
          "'a b'",
          '"c"',
          'd/e',
          '',
          '&p f',
          '>-\n  folded\n  text'.replaceAll('\n', eol),
        ]);
      case 'mapping':
        return 'x';
      default:
        return pick([String(key.default), `"${key.default}"`, '!!str 1', '~']);
    }
  };
  let n = 0;
  for (const [name, key] of Object.entries<KeyDefinition>(definition)) {
    if (random() < 0.75) continue;
    if (random() < 0.3) lines.push('');
    lines.push(`# above ${n++}`);
    if (key.kind !== 'mapping') {
      const value = scalar(key);
      lines.push(`${name}: ${value}${value.includes('>') ? '' : ` # behind ${n++}`}`);
      continue;
    }
    const fields = Object.entries(key.fields).slice(0, 1 + Math.floor(random() * 4));
    if (random() < 0.5) {
      lines.push(`${name}: # behind ${n++}`);
      for (const [field, definition] of fields)
        lines.push(`  ${field}: ${definition.kind === 'path' ? 'p' : 3} # in ${n++}`);
    } else lines.push(`${name}: { ${fields.map(([field]) => `${field}: 3`).join(', ')} } # behind`);
  }
  return lines.join(eol) + (random() < 0.8 ? eol : '');
}

function withKey(before: unknown, key: string, value: unknown): unknown {
  const copy = { ...(before as Record<string, unknown>) };
  const [name = '', field] = key.split('.');
  if (field === undefined) copy[name] = value;
  else copy[name] = { ...(copy[name] as Record<string, unknown>), [field]: value };
  return copy;
}

describe('on random files', () => {
  const keys = Object.entries<KeyDefinition>(definition);
  const comments = (text: string): string[] => text.match(/# \w+( \d+)?/g) ?? [];

  it('setting a value keeps all other values and the comments of other keys', () => {
    for (let seed = 0; seed < 250; seed++) {
      const random = randomFrom(seed);
      const text = randomFile(random);
      const before = values(text === '' || !/^\w/m.test(text) ? '{}' : text);
      const [name, key] = keys[Math.floor(random() * keys.length)] ?? keys[0];
      const value: EditValue =
        key.kind === 'mapping'
          ? random() < 0.5 && key.alternative
            ? key.alternative.default
            : { [Object.keys(key.fields)[0] ?? '']: 7 }
          : key.kind === 'path'
            ? 'new: path'
            : key.default;
      const after = set(text, name, value);
      expect(values(after), `seed ${seed}`).toEqual(withKey(before, name, value));
      const lost = comments(text).filter((comment) => !comments(after).includes(comment));
      expect(lost.filter((comment) => !comment.startsWith('# in'))).toEqual([]);
      expect(after.includes('\r\n')).toBe(text.includes('\r\n'));
      expect(after.replaceAll('\r\n', '').includes('\n')).toBe(
        text.replaceAll('\r\n', '').includes('\n') && !text.includes('\r\n'),
      );
    }
  });

  it('removing a key keeps all others', () => {
    for (let seed = 0; seed < 150; seed++) {
      const random = randomFrom(seed);
      const text = randomFile(random);
      if (!/^\w/m.test(text)) continue;
      const before = values(text) as Record<string, unknown>;
      const written = Object.keys(before);
      const key = written[Math.floor(random() * written.length)] ?? '';
      const after = remove(text, key);
      const rest = Object.fromEntries(Object.entries(before).filter(([name]) => name !== key));
      expect(Object.keys(rest).length === 0 ? {} : values(after), `seed ${seed}`).toEqual(rest);
      expect(parseConfig(after).written.has(key)).toBe(false);
    }
  });
});

describe('an anchor that an edit removes', () => {
  it.each<[string, string, string, string]>([
    [
      'moves to its first alias',
      'init_lr: &a 3e-4 # c\n# d\nmin_lr: *a # e\nwarmup_lr: *a\n',
      'init_lr',
      '# d\nmin_lr: &a 3e-4 # e\nwarmup_lr: *a\n',
    ],
    [
      'moves with a flow mapping',
      'vit: &v { width: 64 }\nmed_config: *v\n',
      'vit',
      'med_config: &v { width: 64 }\n',
    ],
    [
      'moves out of a flow mapping',
      'vit: { width: &w 64, depth: 2 }\nseed: *w\n',
      'vit.width',
      'vit: { depth: 2 }\nseed: &w 64\n',
    ],
    ['goes where nothing uses it', 'seed: &s 1\nxla: true\n', 'seed', 'xla: true\n'],
    ['goes with its aliases', 'vit: { width: &w 64, depth: *w }\nseed: 1\n', 'vit', 'seed: 1\n'],
    [
      'leaves the aliases of a later one',
      'seed: &s 1\nmax_epoch: &s 2\nlog_every: *s\n',
      'seed',
      'max_epoch: &s 2\nlog_every: *s\n',
    ],
  ])('%s', (_, text, key, expected) => {
    const after = remove(text, key);
    expect(after).toBe(expected);
    expect(parseConfig(after).problems.filter(({ code }) => code === 'syntax')).toEqual([]);
  });

  it('is moved if its value is replaced', () => {
    const text = 'vit:\n  width: &w 64\nseed: *w\n';
    expect(set(text, 'vit', 'tiny')).toBe('vit: tiny\nseed: &w 64\n');
  });

  it('refuses to move a value of several lines, and names the anchor', () => {
    const text = 'vit: &v\n  width: 64\nmed_config: *v\n';
    expect(() => remove(text, 'vit')).toThrow('`&v`');
  });
});

it('returns the name of a merge key', () => {
  const text = 'vit:\n  <<: { width: 64 }\n  <<: { depth: 2 }\n';
  const { problems } = parseConfig(text);
  expect(problems.map(({ message }) => message)).toContain(
    '`vit.<<` is set twice; first in line 2.',
  );
});
