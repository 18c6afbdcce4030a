/** `nlvr import`, which needs no TensorFlow. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fail, officialNlvr2, predictionsOf, succeed } from './cliSupport';
import { tinyProject } from './tinyProject';

test('nlvr import creates a run next to the others and reports the result', async () => {
  const project = await tinyProject({ output_dir: 'output/NLVR' });
  const val = JSON.parse(readFileSync(join(project.folder, 'val.json'), 'utf8')) as {
    identifier: string;
  }[];
  const file = join(project.folder, 'my model.csv');
  const rows = val.map(({ identifier }, i) => `${identifier},${i % 3 === 0}`);
  writeFileSync(file, [...rows, 'dev-77-0-0,True', ''].join('\n'));
  const shared = ['--config', project.config, '--split', 'val'];

  const run = join(project.folder, 'output', 'my-model');
  const json = JSON.parse(await succeed('import', file, ...shared, '--json')) as object;
  const { accuracy, consistency } = officialNlvr2(predictionsOf(run, 'val'));
  expect(json).toEqual({
    run,
    split: 'val',
    epoch: null,
    source: file,
    format: 'csv',
    joinedBy: 'identifier',
    rows: 11,
    examples: 10,
    matched: 10,
    unmatched: 1,
    doubled: 0,
    unusable: 0,
    missing: 0,
    accuracy,
    consistency,
    notes: [],
    report: join(run, 'imports', 'val.json'),
  });

  const documented = readFileSync('docs/import.md', 'utf8');
  for (const field of Object.keys(json)) expect(documented).toContain(`\`${field}\``);

  const output = await succeed('import', file, ...shared, '--name', 'Theirs', '--epoch', '2');
  expect(output).toContain('val: 10 of 10 examples have an answer (11 rows, csv).');
  expect(output).toMatch(/1 row matches no example\.\n {2}line 11: no example is named dev-77-0-0/);
  expect(output).toContain(`Run: ${join(project.folder, 'output', 'Theirs')}`);

  expect(await fail(2, 'import', file, ...shared)).toMatch(
    /already has predictions.*They were not changed.*--overwrite/s,
  );
  expect(await fail(2, 'import', file, '--config', project.config)).toMatch(/--split/);
});
