/** Tests the command Test Robustness with a program in place of the trainer. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type * as testing from '../../src/extension/commands/testRobustness';
import { scratchFolder } from '../integration/tinyProject';
import { loadWithVscode, nothing } from './fakeVscode';

interface CallOptions {
  /** Behavior of the program. */
  program: string;
  trusted?: boolean;
  /** Labels to pick, one for each quick pick. */
  picks?: string[];
  /** The button chosen in the dialog. */
  answer?: string;
}

/** A run with a checkpoint, the answers of a user, and what is shown. */
async function callOn(
  folder: string,
  { program, trusted = true, picks = [], answer }: CallOptions,
) {
  const cli = join(folder, 'cli.js');
  writeFileSync(cli, program);
  for (const split of ['val', 'test']) writeFileSync(join(folder, `${split}.json`), '[]');
  writeFileSync(
    join(folder, 'config.yaml'),
    `ann_root: ${folder}\nann_files: {train: '', val: val.json, test: test.json}\nimage_root: .\n`,
  );
  const shown: string[] = [];
  const asked: string[] = [];
  const lists: string[][] = [];
  const progress: string[] = [];
  let cancel: (() => void) | undefined;
  interface Provider {
    provideTextDocumentContent(uri: { path: string }): string;
  }
  let provider: Provider | undefined;
  const { testRobustness } = await loadWithVscode<typeof testing>(
    'src/extension/commands/testRobustness.ts',
    {
      Uri: { from: (parts: { path: string }) => parts },
      l10n: {
        t: (text: string, ...values: unknown[]) =>
          text.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)])),
      },
      CancellationError: class CancellationError extends Error {},
      ProgressLocation: { Notification: 15 },
      EventEmitter: class {
        event = nothing();
        fire(): void {
          return undefined;
        }
      },
      workspace: nothing({
        isTrusted: trusted,
        asRelativePath: (file: string) => file,
        getConfiguration: () => nothing({ get: () => '' }),
        registerTextDocumentContentProvider: (_: string, given: Provider) => (provider = given),
        openTextDocument: (uri: { path: string }) => Promise.resolve(uri),
      }),
      window: nothing({
        showQuickPick: (items: { label: string }[]) => {
          lists.push(items.map(({ label }) => label));
          const label = picks.shift();
          return Promise.resolve(items.find((item) => item.label === label));
        },
        showWarningMessage: (message: string, ...more: unknown[]) => {
          asked.push(message);
          return Promise.resolve(more.find((each) => each === answer));
        },
        showTextDocument: (uri: { path: string }) => {
          shown.push(uri.path, provider?.provideTextDocumentContent(uri) ?? '');
          return Promise.resolve();
        },
        withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
          task(
            {
              report: ({ message }: { message: string }) => {
                progress.push(message);
                if (answer === 'cancel') cancel?.();
              },
            },
            { onCancellationRequested: (listener: () => void) => (cancel = listener) },
          ),
      }),
    },
  );
  const services = {
    context: { subscriptions: [] },
    log: nothing(),
    program: () =>
      Promise.resolve({ executable: process.execPath, cli, environment: { NLVR_TEST: '1' } }),
  };
  const run = {
    folder,
    info: { name: 'calm-fox-1', kind: 'train' },
    checkpoints: { weights: true, last: false },
  };
  const registry = { runs: [run], get: () => run };
  const done = testRobustness(
    services as unknown as Parameters<typeof testRobustness>[0],
    registry as unknown as Parameters<typeof testRobustness>[1],
    folder,
  );
  return { done, shown, asked, lists, progress };
}

/** Answers `runtime status`; otherwise records its arguments and behaves as configured. */
const program = (robustness: string): string => `
const args = process.argv.slice(2);
const { writeFileSync, existsSync } = require('node:fs');
if (args[0] === 'runtime') console.log(JSON.stringify({ works: true, version: '2.21.0' }));
else {
  writeFileSync(__dirname + '/asked.json', JSON.stringify(args));
  ${robustness}
}`;

const argsOf = (folder: string): string[] =>
  JSON.parse(readFileSync(join(folder, 'asked.json'), 'utf8')) as string[];

it('Test Robustness runs the trainer with the picked options, and shows the result', async () => {
  const folder = scratchFolder();
  const { done, shown, lists, progress } = await callOn(folder, {
    program: program(`
      process.stderr.write('Testing robustness 40% 12/30  29s left\\n');
      console.log('test: 30 examples');`),
    picks: ['test', '200 examples'],
  });
  await done;
  expect(lists).toEqual([
    ['val', 'test'],
    ['200 examples', '1,000 examples', 'All examples'],
  ]);
  expect(argsOf(folder)).toEqual([
    ...['robustness', folder, '--config', join(folder, 'config.yaml'), '--split', 'test'],
    ...['--output_dir', folder, '--limit', '200'],
  ]);
  expect(progress).toEqual(['40% · 12/30 · 29s left']);
  expect(shown).toEqual(['/calm-fox-1 test robustness.txt', 'test: 30 examples\n']);
});

it('all examples are tested without a limit; closing a quick pick starts nothing', async () => {
  const folder = scratchFolder();
  const all = await callOn(folder, { program: program(''), picks: ['val', 'All examples'] });
  await all.done;
  expect(argsOf(folder)).not.toContain('--limit');
  const other = scratchFolder();
  const closed = await callOn(other, { program: program(''), picks: ['val'] });
  await closed.done;
  expect(existsSync(join(other, 'asked.json'))).toBe(false);
  expect(closed.shown).toEqual([]);
});

it('canceling ends the trainer, and nothing is shown', async () => {
  const folder = scratchFolder();
  const { done, shown } = await callOn(folder, {
    program: program(`
      process.on('SIGTERM', () => { writeFileSync(__dirname + '/ended', ''); process.exit(130); });
      process.stderr.write('Testing robustness 1%\\n');
      setInterval(() => undefined, 1000);`),
    picks: ['val', 'All examples'],
    answer: 'cancel',
  });
  await expect(done).rejects.toThrow();
  expect(existsSync(join(folder, 'ended'))).toBe(true);
  expect(shown).toEqual([]);
});

it('an incomplete model is tested only after a confirmation; other failures are shown unchanged', async () => {
  const refuse = `
    if (!args.includes('--allow_missing')) {
      process.stderr.write(JSON.stringify({ message: 'It lacks 4 parameters.', allowedBy: '--allow_missing' }));
      process.exitCode = 2;
    } else console.log('with random values');`;
  const picks = (): string[] => ['val', 'All examples'];
  const folder = scratchFolder();
  const refused = await callOn(folder, { program: program(refuse), picks: picks() });
  await refused.done;
  expect(refused.asked).toEqual(['It lacks 4 parameters.']);
  expect(refused.shown).toEqual([]);
  const anyway = await callOn(folder, {
    program: program(refuse),
    picks: picks(),
    answer: 'Test Anyway',
  });
  await anyway.done;
  expect(anyway.shown[1]).toBe('with random values\n');
  const failed = await callOn(folder, {
    program: program(
      `process.stderr.write(JSON.stringify({ message: 'No image a.png.' })); process.exitCode = 2;`,
    ),
    picks: picks(),
  });
  await expect(failed.done).rejects.toThrow('No image a.png.');
});

it('executes nothing in Restricted Mode', async () => {
  const folder = scratchFolder();
  const { done, lists } = await callOn(folder, { program: program(''), trusted: false });
  await expect(done).rejects.toThrow();
  expect(lists).toEqual([]);
  expect(existsSync(join(folder, 'asked.json'))).toBe(false);
});
