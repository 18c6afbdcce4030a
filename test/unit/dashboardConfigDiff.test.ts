import { describe, expect, it } from 'vitest';
import { differingKeys, flatten } from '../../src/extension/dashboard/configDiff';

describe('differingKeys', () => {
  const base = flatten({ init_lr: 3e-5, seed: 42, vit: 'base', augment: true });

  it('returns only differing keys, with a value for each run', () => {
    const other = flatten({ init_lr: 1e-4, seed: 7, vit: 'base', augment: true });
    expect(differingKeys([base, other])).toEqual([
      { key: 'init_lr', values: ['3e-5', '1e-4'] },
      { key: 'seed', values: ['42', '7'] },
    ]);
  });

  it('compares mappings and includes keys that a run lacks', () => {
    const other = flatten({
      ...Object.fromEntries(base),
      augment: true,
      vit: { width: 192, depth: 4 },
    });
    const keys = differingKeys([base, other]);
    expect(keys).toContainEqual({ key: 'vit', values: ['base', null] });
    expect(keys).toContainEqual({ key: 'vit.width', values: [null, '192'] });
  });

  it('omits the output folders of the runs', () => {
    expect(
      differingKeys([flatten({ output_dir: 'output/a' }), flatten({ output_dir: 'output/b' })]),
    ).toEqual([]);
  });

  it('returns nothing for one run, equal runs or unreadable files', () => {
    expect(differingKeys([base])).toEqual([]);
    expect(differingKeys([base, flatten({ ...Object.fromEntries(base), init_lr: 3e-5 })])).toEqual(
      [],
    );
    expect(flatten(null).size).toBe(0);
    expect(flatten('text').size).toBe(0);
  });

  it('writes lists and nulls so that they can be distinguished', () => {
    expect(flatten({ a: [1, 2], b: null }).get('a')).toBe('[1,2]');
    expect(flatten({ a: [1, 2], b: null }).get('b')).toBe('null');
  });
});
