import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpConfig } from '../../src/config/dump';
import { differingKeys, flatConfig } from '../../src/config/flat';
import { parseConfig } from '../../src/config/parse';
import { combinations, splitValues } from '../../src/config/sweep';
import { configurationOf, newConfiguration, planRuns } from '../../src/extension/runsTable/newRuns';
import type { Run } from '../../src/extension/runs/runRegistry';
import { migrateRunInfo } from '../../src/run/read/migrate';

const original = `# My experiment
image_root: images # drawn
ann_root: .
vit: tiny
init_lr: 3e-5
output_dir: output/mine
`;

let root: string;
let run: Run;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-sweep-'));
  const folder = join(root, 'output', 'mine');
  const configFile = join(root, 'nlvr.yaml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(configFile, original);
  // The configuration as used has one value from the command line.
  const { config } = parseConfig(original.replace('3e-5', '1e-4'));
  writeFileSync(join(folder, 'config.yaml'), dumpConfig(config, root));
  const info = migrateRunInfo(
    { schema: 1, kind: 'train', state: 'finished', name: 'calm fox/1', configFile },
    folder,
  );
  run = { folder, info, status: 'finished', message: null, hint: null };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('combinations of values', () => {
  it('include every combination in order; commas in brackets and quotes do not separate', () => {
    expect(splitValues('base, {width: 64, depth: 2}\n"a, b",, [1, 2]')).toEqual([
      'base',
      '{width: 64, depth: 2}',
      '"a, b"',
      '[1, 2]',
    ]);
    const sweep = combinations(
      [
        { key: 'seed', values: '1, 2, 1' },
        { key: 'init_lr', values: '1e-5, 3e-5' },
      ],
      root,
    );
    expect(sweep.map((each) => each.map(({ value }) => value))).toEqual([
      [1, 1e-5],
      [1, 3e-5],
      [2, 1e-5],
      [2, 3e-5],
    ]);
  });

  it('are refused if a key has no value or is repeated, or there are too many', () => {
    const of = (...lists: [string, string][]) =>
      combinations(
        lists.map(([key, values]) => ({ key, values })),
        root,
      );
    expect(() => of(['seed', ' , '])).toThrow('`seed` has no value');
    expect(() => of(['seed', '1'], ['seed', '2'])).toThrow('`seed` appears twice');
    const many = Array.from({ length: 21 }, (_, i) => i).join();
    expect(() => of(['seed', many], ['max_epoch', many])).toThrow('441 combinations');
    expect(() => of(['seed', '[1'])).toThrow('not valid YAML');
  });
});

describe('New Run from This One', () => {
  it('offers the keys with the values that the run used', async () => {
    const keys = new Map((await configurationOf(run)).map(({ key, value }) => [key, value]));
    expect(keys.get('init_lr')).toBe('1e-4');
    expect(keys.get('ann_root')).toBe(root);
  });

  it('plans a training for each combination, with the differences from the run', async () => {
    const planned = await planRuns(run, [
      { key: 'init_lr', values: '1e-4, 3e-4' },
      { key: 'seed', values: '7' },
    ]);
    expect(planned.map(({ changes }) => changes)).toEqual([
      ['seed: 42 → 7'],
      ['init_lr: 1e-4 → 3e-4', 'seed: 42 → 7'],
    ]);
    const [, second] = planned;
    expect(second.outputDir).toBe(run.folder);
    expect(second.configFile).toBe(run.info.configFile);
    expect(parseConfig(second.config).config).toMatchObject({ init_lr: 3e-4, seed: 7 });
    await expect(planRuns(run, [{ key: 'batch_size_train', values: '0' }])).rejects.toThrow(
      '`batch_size_train` is 0',
    );
  });

  it('opens the configuration file with its comments, as used, with the new values', async () => {
    const { text, file } = await newConfiguration(run, [{ key: 'vit', values: 'small' }], root);
    expect(text).toContain(
      '# My experiment\nimage_root: images # drawn\nann_root: .\nvit: small\n',
    );
    expect(text).toContain('init_lr: 1e-4');
    expect(file).toBe(join(root, 'calm-fox-1-2.nlvr.yaml'));
    const actual = flatConfig(parseConfig(text).config, root);
    const [planned] = await planRuns(run, [{ key: 'vit', values: 'small' }]);
    const wanted = flatConfig(parseConfig(planned.config).config, root);
    expect(differingKeys([actual, wanted])).toEqual([]);
  });

  it('opens the configuration as used if the file is missing, and never overwrites another file', async () => {
    rmSync(run.info.configFile);
    const other = join(root, 'elsewhere');
    mkdirSync(other);
    writeFileSync(join(other, 'calm-fox-1-2.nlvr.yaml'), '');
    const { text, file } = await newConfiguration(run, [{ key: 'seed', values: '3' }], other);
    expect(file).toBe(join(other, 'calm-fox-1-3.nlvr.yaml'));
    expect(parseConfig(text).config).toMatchObject({ seed: 3, init_lr: 1e-4, ann_root: root });
    await expect(newConfiguration(run, [{ key: 'seed', values: '3, 4' }], other)).rejects.toThrow(
      'These values create 2 runs',
    );
  });

  it('reports a run without a configuration', async () => {
    rmSync(join(run.folder, 'config.yaml'));
    await expect(planRuns(run, [])).rejects.toThrow('has no configuration to start from');
    expect(readFileSync(run.info.configFile, 'utf8')).toBe(original);
  });
});
