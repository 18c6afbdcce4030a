import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dumpConfig } from '../../src/config/dump';
import { loadConfig } from '../../src/config/load';
import { configPaths } from '../../src/config/paths';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-relocate-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, text = ''): string {
  const whole = join(root, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

/** A run that was created in /gone/project/run and moved to `folder`. */
function movedRun(folder: string): string {
  const text = dumpConfig(
    loadConfig(file('made.yaml', 'image_root: images\nann_root: notes\noutput_dir: run\n')).config,
    '/gone/project',
  );
  file(`${folder}/run.json`, '{}');
  return file(`${folder}/config.yaml`, text);
}

describe('the configuration of a moved run', () => {
  test('relocates paths that moved together with it, and keeps others', () => {
    const config = movedRun('now/run');
    mkdirSync(join(root, 'now', 'images'));
    file('now/notes/nlvr_dev.json', '[]');
    const loaded = loadConfig(config);
    const paths = configPaths(loaded.config, loaded.folder);
    expect(paths).toMatchObject({
      imageRoot: join(root, 'now', 'images'),
      annRoot: join(root, 'now', 'notes'),
      outputDir: join(root, 'now', 'run'),
    });
    rmSync(join(root, 'now', 'images'), { recursive: true });
    rmSync(join(root, 'now', 'notes', 'nlvr_dev.json'));
    const without = loadConfig(config);
    expect(configPaths(without.config, without.folder)).toMatchObject({
      imageRoot: '/gone/project/images',
      annRoot: '/gone/project/notes',
    });
  });

  test('uses overrides of the command line, whose paths start at the working folder', () => {
    const config = movedRun('now/run');
    mkdirSync(join(root, 'now', 'images'));
    mkdirSync(join(root, 'here'));
    const overrides = ['image_root=pictures', 'output_dir=new', 'ann_files.val=v.json'];
    const loaded = loadConfig(config, overrides, join(root, 'here'));
    const paths = configPaths(loaded.config, loaded.folder);
    expect(paths).toMatchObject({
      imageRoot: join(root, 'here', 'pictures'),
      outputDir: join(root, 'here', 'new'),
    });
    // Annotation files start at ann_root, as in the file.
    expect(paths.annFiles.val).toBe('/gone/project/notes/v.json');
  });

  test('keeps its hash', () => {
    const one = loadConfig(movedRun('a/run'));
    const other = loadConfig(movedRun('b/deep/run'));
    expect(other.hash).toBe(one.hash);
  });
});

test('a config.yaml outside a run folder keeps its output_dir', () => {
  const own = loadConfig(file('project/config.yaml', 'output_dir: /somewhere/run\n'));
  expect(own.config.output_dir).toBe('/somewhere/run');
});

test('--set med_config: a path from the working folder, and the built-in one by its name', () => {
  const config = file('nlvr.yaml', '{}\n');
  mkdirSync(join(root, 'here'));
  file('here/small.json', '{"hidden_size": 24, "num_attention_heads": 2}');
  const from = join(root, 'here');
  const small = loadConfig(config, ['med_config=small.json'], from);
  expect(small.config.med_config).toBe(join(from, 'small.json'));
  expect(dumpConfig(small.config, small.folder)).toMatch(/med_config:\n +hidden_size: 24\n/);
  expect(loadConfig(config, ['med_config=med_config.json'], from).config.med_config).toBe(
    'med_config.json',
  );
});
