import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dumpConfig } from '../../src/config/dump';
import { expandPath } from '../../src/config/expandPath';
import { parseConfig } from '../../src/config/parse';
import { configPaths } from '../../src/config/paths';
import { SimilarNames } from '../../src/util/similarNames';
import { inEnglish } from '../../src/util/localize';

const environment = { HOME: '/home/me', DATA: '/data', EMPTY: '' };

describe('paths of a configuration', () => {
  it.each([
    ['~', '/home/me'],
    ['~/nlvr2', '/home/me/nlvr2'],
    ['$DATA/nlvr2', '/data/nlvr2'],
    ['${DATA}/a/$DATA', '/data/a//data'],
    ['a~b/c$', 'a~b/c$'],
    ['https://host/$DATA', 'https://host/$DATA'],
    ['100% sure', '100% sure'],
  ])('expand %j as a shell does', (value, path) => {
    expect(expandPath(value, environment)).toEqual({ path });
  });

  it.each([
    ['~you/nlvr2', '~you is not expanded', undefined],
    ['%DATA%/nlvr2', '%DATA% is not expanded; write $DATA', '$DATA/nlvr2'],
    ['file:///data/a%20b', 'write the path itself', '/data/a b'],
    ['$NONE/x', 'the environment variable NONE is not set', undefined],
    ['${EMPTY}/x', 'the environment variable EMPTY is not set', undefined],
    ['${DATA:-x}', 'only $NAME and ${NAME} are expanded', undefined],
    ['$(pwd)/x', 'commands in paths are not executed', undefined],
  ])('refuse %j with the reason', (value, reason, meant) => {
    const expansion = expandPath(value, environment);
    if (!('error' in expansion)) throw new Error(`it became ${expansion.path}`);
    expect(inEnglish(expansion.error)).toContain(reason);
    expect(expansion.suggestion).toBe(meant);
  });

  it('never create a folder named ~', () => {
    const home = process.env.HOME ?? '';
    const { config, problems } = parseConfig(
      'image_root: ~/images\noutput_dir: ~/run\nann_files:\n  train: ~/train.json\n',
    );
    expect(problems).toEqual([]);
    const paths = configPaths(config, '/work');
    expect([paths.imageRoot, paths.outputDir, paths.annFiles.train]).toEqual([
      join(home, 'images'),
      join(home, 'run'),
      join(home, 'train.json'),
    ]);
    expect(dumpConfig(config, '/work')).not.toContain('~');
  });

  it('are problems of the configuration if they cannot be expanded', () => {
    const [problem] = parseConfig('output_dir: file:///data/run\n').problems;
    expect(problem).toMatchObject({
      severity: 'error',
      code: 'bad-path',
      line: 1,
      suggestions: [{ kind: 'set', key: 'output_dir', value: '/data/run' }],
    });
  });
});

describe('similar file names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-near-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'Images'));
  for (const name of ['a.jpg', 'B.png', 'caf\u00e9.png'])
    writeFileSync(join(folder, 'Images', name), '');

  it.each([
    ['Images/a.png', 'Images/a.jpg', 'extension'],
    ['Images/b.png', 'Images/B.png', 'case'],
    ['images/B.png', 'Images/B.png', 'case'],
    ['images/A.jpeg', 'Images/a.jpg', 'extension'],
    ['Images/cafe\u0301.png', 'Images/caf\u00e9.png', 'unicode'],
  ])('%s is similar to %s', (wanted, path, difference) => {
    expect(new SimilarNames().find(join(folder, wanted))).toEqual({
      path: join(folder, path),
      difference,
    });
  });

  it('are not suggested without similarity', () => {
    expect(new SimilarNames().find(join(folder, 'Images/other.png'))).toBeUndefined();
    expect(new SimilarNames().find(join(folder, 'none/none/a.png'))).toBeUndefined();
  });
});
