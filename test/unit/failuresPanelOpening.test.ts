import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { panelBench } from './failuresPanelSupport';

const bench = panelBench();

describe('opening files from the panel', () => {
  it('opens images and the annotation at its line', async () => {
    await bench.write('val.jsonl', [
      bench.example(0, 0.2),
      bench.example(1, 0.1, { sentence: 'A "quoted" cat.' }),
    ]);
    const annotations = [
      { images: ['x.png', 'y.png'], sentence: 'A "quoted" cat.', label: 'True' },
      { images: ['a.png', 'b.png'], sentence: 'Sentence 0 with a dog on the left.', label: 'True' },
      { images: ['a.png', 'b.png'], sentence: 'A "quoted" cat.', label: 'True' },
    ];
    await writeFile(
      join(bench.folder, 'val.json'),
      `[\n${annotations.map((each) => JSON.stringify(each)).join(',\n')}\n]`,
    );
    await writeFile(join(bench.folder, 'images', 'b.png'), 'x');
    await bench.open().ready();
    await bench.panel.model.openImage(1, 1);
    await bench.panel.model.openAnnotation(0);
    await bench.panel.model.openAnnotation(1);
    expect(bench.panel.opened).toEqual([
      [join(bench.folder, 'images', 'b.png')],
      [join(bench.folder, 'val.json'), 3],
      [join(bench.folder, 'val.json'), 4],
    ]);
    await writeFile(join(bench.folder, 'val.json'), '[]');
    await bench.panel.model.openAnnotation(0);
    expect(bench.panel.model.notice?.message).toMatch(
      /has no annotation of dev-0-0-0\. It may have changed/,
    );
  });

  it('finds annotations of NLVR2 and NLVR by their identifiers', async () => {
    await bench.write('val.jsonl', [
      bench.example(3, 0.2),
      bench.example(4, 0.1, { identifier: '72-0-4' }),
    ]);
    await writeFile(
      join(bench.folder, 'val.json'),
      '{"identifier": "dev-31-0-0"}\n{"identifier": "72-0"}\n{"sentence": "x", "identifier": "dev-3-0-0"}\n',
    );
    await bench.open().ready();
    await bench.panel.model.openAnnotation(0);
    await bench.panel.model.openAnnotation(1);
    expect(bench.panel.opened.map(([, line]) => line)).toEqual([3, 2]);
  });
});
