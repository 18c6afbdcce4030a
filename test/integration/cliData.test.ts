/** `nlvr check` and `nlvr sample`, which need no TensorFlow. */
import { once } from 'node:events';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { editJson, fail, succeed } from './cliSupport';
import { nlvr, scratchFolder, startNlvr, tinyProject } from './tinyProject';

interface Report {
  problems: {
    severity: string;
    code: string;
    message: string;
    file: string;
    line?: number;
    cases?: unknown[];
  }[];
  splits: Record<string, Record<string, number>>;
}

describe('nlvr check', () => {
  test('a valid data set: exit code 0, counts by split', async () => {
    const project = await tinyProject();
    const report = JSON.parse(
      await succeed('check', '--config', project.config, '--json'),
    ) as Report;
    expect(report.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(Object.keys(report.splits)).toEqual(['train', 'val', 'test']);
    expect(report.splits['train']).toMatchObject({
      examples: 24,
      true: 8,
      false: 16,
      unlabelled: 0,
      missingImages: 0,
      smallestWidth: 20,
      largestWidth: 33,
    });
    const plain = await succeed('check', '--config', project.config);
    expect(plain).toMatch(
      /^train +24 examples \(8 true, 16 false\), 3 sentences, 3 pairs, 6 images, the smallest 20×24, the largest 33×24$/m,
    );
    expect(readdirSync(project.folder)).not.toContain('run');
  });

  test('a damaged data set: exit code 2, every problem with its file and line', async () => {
    const project = await tinyProject();
    const at = (name: string): string => join(project.folder, name);
    editJson<{ images: string[] }>(at('val.json'), (all) => (all[3].images[0] = 'gone.png'));
    editJson<{ label: string }>(at('test.json'), (all) => (all[2].label = 'maybe'));
    truncateSync(at('images/red-20.png'), 60);
    const { code, stdout } = await nlvr(['check', '--config', project.config, '--json']);
    expect(code).toBe(2);
    const { problems } = JSON.parse(stdout) as Report;
    const errors = problems.filter(({ severity }) => severity === 'error');
    const find = (code: string, file: string) =>
      errors.find((problem) => problem.code === code && problem.file === at(file));
    expect(find('annotation', 'test.json')).toMatchObject({
      message: expect.stringMatching(/label.*maybe/) as string,
      line: expect.any(Number) as number,
    });
    expect(find('missing-image', 'val.json')?.message).toMatch(/gone\.png/);
    expect(find('unreadable-image', 'train.json')?.message).toMatch(/red-20\.png/);
    const plain = await nlvr(['check', '--config', project.config]);
    expect(plain.code).toBe(2);
    for (const { message } of errors) expect(plain.stdout).toContain(message);
  });

  test('--all and --json have every case, with the addresses of missing images on request', async () => {
    const project = await tinyProject();
    const file = join(project.folder, 'val.json');
    const rows = Array.from({ length: 9 }, (_, i) => ({
      identifier: `dev-${i}-0-0`,
      sentence: 'Two dogs.',
      label: 'True',
      left_url: `https://host/${i},left.png`,
      right_url: `https://host/${i}-right.png`,
    }));
    writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
    const urls = join(project.folder, 'urls.csv');
    const all = await nlvr(['check', '--config', project.config, '--all', '--missing_urls', urls]);
    expect(all.code).toBe(2);
    for (let i = 0; i < 9; i++)
      expect(all.stdout).toContain(`  ${file}:${i + 1}: dev-${i}-0-0: dev/dev-${i}-0-img1.png`);
    expect(all.stdout).toContain(`Wrote 18 missing images to ${urls}.`);
    expect(readFileSync(urls, 'utf8').split('\n').slice(0, 3)).toEqual([
      'split,identifier,image,url',
      'val,dev-0-0-0,dev/dev-0-0-img0.png,"https://host/0,left.png"',
      'val,dev-0-0-0,dev/dev-0-0-img1.png,https://host/0-right.png',
    ]);
    const short = await nlvr(['check', '--config', project.config]);
    expect(short.stdout).toMatch(/--all lists \d+ more cases/);
    const { stdout } = await nlvr(['check', '--config', project.config, '--json']);
    const missing = (JSON.parse(stdout) as Report).problems.find(
      ({ code }) => code === 'missing-image',
    );
    expect(missing?.cases).toHaveLength(18);
  });

  test('an invalid configuration: exit code 2 and the key, with --json as a problem, too', async () => {
    const { config } = await tinyProject({ max_epcoh: '3' });
    const { code, stdout, stderr } = await nlvr(['check', '--config', config, '--json']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/max_epcoh.*max_epoch/s)]);
    expect((JSON.parse(stdout) as Report).problems).toMatchObject([
      { severity: 'error', code: 'unknown-key', file: config, line: expect.any(Number) as number },
    ]);
    const { stdout: none } = await nlvr(['check', '--config', `${config}.gone`, '--json']);
    expect((JSON.parse(none) as Report).problems).toMatchObject([
      {
        severity: 'error',
        code: 'configuration',
        message: expect.stringMatching(/does not exist/) as string,
      },
    ]);
  });
});

describe('nlvr convert', () => {
  test('writes annotations without problems; nlvr check recognizes the table itself', async () => {
    const project = await tinyProject();
    const at = (name: string): string => join(project.folder, name);
    const pairs = JSON.parse(readFileSync(at('train.json'), 'utf8')) as {
      images: [string, string];
      sentence: string;
      label: string;
    }[];
    const rows = pairs.map(
      ({ images, sentence, label }) => `${images.join(',')},"${sentence}",${label}`,
    );
    writeFileSync(at('pairs.csv'), ['one,two,sentence,label', ...rows].join('\n'));
    expect(await fail(2, 'convert', at('pairs.csv'), at('made.json'))).toMatch(
      /no column was found for left, right.*one, two, sentence, label.*--left/s,
    );
    const args = ['convert', at('pairs.csv'), at('made.json'), '--left', 'one', '--right', 'two'];
    expect(await succeed(...args)).toMatch(
      /Wrote 24 examples to .*made\.json \(8 true, 16 false, 0 without a label\)/,
    );
    const checked = await succeed(
      'check',
      '--config',
      project.config,
      '--set',
      'ann_files.train=made.json',
    );
    expect(checked).toMatch(/^train +24 examples \(8 true, 16 false\)/m);
    expect(await fail(2, ...args)).toMatch(/already exists.*--overwrite/s);
    const { stdout } = await nlvr([
      'check',
      '--config',
      project.config,
      '--set',
      'ann_files.train=pairs.csv',
    ]);
    expect(stdout).toContain('this is a table (CSV), not JSON; convert it with nlvr convert');
  });
});

describe('nlvr config convert', () => {
  test('converts a configuration of ALBEF, which check recognizes, to an nlvr.yaml', async () => {
    const folder = scratchFolder();
    const albefFile = join(folder, 'NLVR.yaml');
    writeFileSync(
      albefFile,
      'train_file: [train.json]\nimage_res: 384\noptimizer: {lr: 2e-5}\nalpha: 0.4\n',
    );
    expect(await fail(2, 'check', '--config', albefFile)).toMatch(
      /This is a configuration of ALBEF or X-VLM. Convert it with `nlvr config convert`/,
    );
    const ours = join(folder, 'nlvr.yaml');
    const { code, stderr } = await nlvr(['config', 'convert', albefFile, ours]);
    expect([code, stderr]).toEqual([0, 'Without a counterpart, omitted: alpha.\n']);
    expect(await succeed('config', 'convert', albefFile)).toBe(readFileSync(ours, 'utf8'));
    expect((await nlvr(['check', '--config', ours])).stdout).toMatch(
      /train\.json: the annotation file does not exist/,
    );
    expect(await fail(2, 'config', 'convert', ours)).toMatch(
      /not a configuration of ALBEF, X-VLM, LAVIS or UNITER/,
    );
  });
});

describe('nlvr sample', () => {
  test('refuses a folder with other files and keeps them', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'nlvr.yaml'), 'seed: 1\n');
    expect(await fail(2, 'sample', folder)).toMatch(/not empty/);
    expect(readdirSync(folder)).toEqual(['nlvr.yaml']);
    expect(readFileSync(join(folder, 'nlvr.yaml'), 'utf8')).toBe('seed: 1\n');
  });

  test('Ctrl-C: exit code 130, no files remain', async () => {
    const parent = scratchFolder();
    const child = startNlvr(['sample', join(parent, 'sample')]);
    // Created next to its place, and moved there when it is complete.
    while (child.exitCode === null && readdirSync(parent).length === 0) await sleep(5);
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(130);
    expect(readdirSync(parent)).toEqual([]);
  });
});
