/** A run folder is self-contained: everything works after it and its data are moved, together and separately. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configPaths } from '../../src/config/paths';
import { runPaths } from '../../src/run/runPaths';
import { FailuresSession } from '../../src/extension/failures/session';
import type { SessionEditor } from '../../src/extension/failures/sessionEditor';
import { Thumbnails } from '../../src/extension/failures/thumbnails';
import { loadConfig } from '../../src/config/load';
import type { ToWebview } from '../../src/webview/failures/messages';
import { fail, metricsOf, predictionsOf, succeed } from './cliSupport';
import { eventsOf, scratchFolder, tinyProject } from './tinyProject';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const med = {
  ...{ hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 32 },
  ...{ encoder_width: 16, hidden_dropout_prob: 0 },
};

/** The failed examples of a run, as the panel requests them. */
function failedExamples(run: string): { session: FailuresSession; sent: ToWebview[] } {
  const sent: ToWebview[] = [];
  const editor: SessionEditor = {
    send: (message) => sent.push(message),
    webviewUri: (file) => `webview:${file}`,
    openFile: () => Promise.resolve(),
    copy: () => Promise.resolve(),
    save: () => Promise.resolve(null),
    command: () => undefined,
    analyze: () => undefined,
    checkpointStamp: () => Promise.resolve(''),
    launch: () =>
      Promise.resolve({
        command: process.execPath,
        args: [cli, 'predict', '--serve', '--checkpoint', run],
        env: process.env,
      }),
    askUnavailable: () => Promise.resolve(null),
    isActive: () => false,
    findExamples: () => Promise.resolve({ title: '', rows: new Int32Array(0) }),
    log: () => undefined,
    problem: (doing, error) => expect.fail(`${doing}: ${String(error)}`),
    filters: { all: () => [], keep: () => Promise.resolve() },
    mayShow: () => Promise.resolve(true),
    mayDecode: () => true,
    translate: (text, ...values) =>
      text.replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)])),
  };
  const paths = () => runPaths(run, '/gone/nlvr.yaml');
  const thumbnails = new Thumbnails(scratchFolder());
  const described = { folder: run, name: 'run', paths };
  return { session: new FailuresSession(described, null, thumbnails, editor), sent };
}

test('a run and its data are moved together, then apart: evaluate, predict, Failed Examples, ask again, resume', async () => {
  const place = scratchFolder();
  const first = join(place, 'first');
  mkdirSync(first);
  const project = await tinyProject({ med_config: 'text.json', max_epoch: '1' }, undefined, first);
  writeFileSync(join(first, 'text.json'), JSON.stringify(med));
  await succeed('train', '--config', project.config);
  await succeed('evaluate', '--checkpoint', project.run, '--output_dir', join(place, 'before'));

  // Together: the old paths no longer exist.
  const second = join(place, 'second');
  renameSync(first, second);
  rmSync(join(second, 'text.json'));
  rmSync(join(second, 'nlvr.yaml'));
  const run = join(second, 'run');
  const { config, folder } = loadConfig(join(run, 'config.yaml'));
  expect(configPaths(config, folder)).toMatchObject({
    imageRoot: join(second, 'images'),
    annRoot: second,
    outputDir: run,
  });
  expect(config.med_config).toMatchObject(med);
  const evaluated = join(second, 'evaluated');
  await succeed('evaluate', '--checkpoint', run, '--output_dir', evaluated);
  const numbers = ({ val }: ReturnType<typeof metricsOf>) => ({ ...val, checkpoint: null });
  expect(numbers(metricsOf(evaluated))).toEqual(numbers(metricsOf(join(place, 'before'))));
  const lines = predictionsOf(evaluated, 'val');
  expect(lines[0].images).toEqual(['red-20.png', 'blue-33.png']);
  expect(readFileSync(join(run, 'predictions', 'val-epoch-000.jsonl'), 'utf8')).not.toContain(
    place,
  );
  const watched = eventsOf(run).flatMap((event) => (event.type === 'watch' ? event.pairs : []));
  expect(watched.flatMap(({ images }) => images).join()).toMatch(/^(\w+-\d+\.png,?)+$/);

  // Separately, so that their new location must be specified.
  const apart = join(place, 'elsewhere', 'deep', 'run');
  const data = join(place, 'data');
  mkdirSync(join(place, 'elsewhere', 'deep'), { recursive: true });
  renameSync(run, apart);
  renameSync(second, data);
  const now = ['--image_root', join(data, 'images'), '--ann_root', data] as const;
  const evaluateApart = ['evaluate', '--checkpoint', apart, '--output_dir', apart] as const;
  expect(await fail(2, ...evaluateApart)).toContain(join(first, 'val.json'));
  await succeed(...evaluateApart, ...now);
  expect(predictionsOf(apart, 'val')).toEqual(lines);
  const [left, right] = lines[0].images.map((image) => join(data, 'images', image));
  const predict = ['predict', '--left', left, '--right', right, '--sentence', lines[0].sentence];
  const best = join(apart, 'checkpoint_best.safetensors');
  expect(JSON.parse(await succeed(...predict, '--checkpoint', best, '--json'))).toMatchObject({
    prediction: lines[0].prediction,
  });

  // A resumed run has its new path, and so do its failed examples.
  const own = join(apart, 'config.yaml');
  await succeed(
    ...['train', '--config', own, '--resume', '--output_dir', apart, ...now],
    ...['--set', 'max_epoch=2'],
  );
  const { session, sent } = failedExamples(apart);
  try {
    await session.ready();
    const begun = sent.find((message) => message.type === 'begin');
    const about = { generation: begun?.generation ?? 0, row: 0 };
    const { images } = await session.requests.detail(about);
    expect(images).toEqual([left, right].map((path) => ({ path, uri: `webview:${path}` })));
    const question = { id: 1, sentence: lines[0].sentence, swapImages: false, swapTest: false };
    const asked = await session.requests.ask({ ...about, ...question });
    expect(asked.problem).toBeNull();
    expect(typeof asked.answer?.prediction).toBe('boolean');
  } finally {
    session.dispose();
  }
});

test('if the image folder is missing, Failed Examples report which and what to do', async () => {
  const folder = scratchFolder();
  const project = await tinyProject({}, undefined, folder);
  const run = join(folder, 'run');
  mkdirSync(join(run, 'predictions'), { recursive: true });
  writeFileSync(join(run, 'config.yaml'), readFileSync(project.config));
  const line = { identifier: 'a', sentence: 's', images: ['l.png', 'r.png'], prediction: true };
  writeFileSync(join(run, 'predictions', 'val.jsonl'), `${JSON.stringify(line)}\n`);
  const { session, sent } = failedExamples(run);
  await session.ready();
  const begun = sent.find((message) => message.type === 'begin');
  const { images } = await session.requests.detail({ generation: begun?.generation ?? 0, row: 0 });
  session.dispose();
  expect(images[0]).toMatchObject({
    uri: null,
    problem: expect.stringMatching(
      /^The image folder .*images is missing\. Correct image_root/,
    ) as string,
  });
});
