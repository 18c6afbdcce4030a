/** The program apart from its commands: help, usage errors, the runtime, and a missing device. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasNvidiaDevice } from '../../src/runtime/install/library';
import { TENSORFLOW_VERSION } from '../../src/runtime/install/wheels';
import { fail, succeed } from './cliSupport';
import { nlvr, scratchFolder, tinyProject } from './tinyProject';

describe('help', () => {
  test('nlvr --help lists the commands', async () => {
    const help = await succeed('--help');
    for (const command of [
      ...['train', 'evaluate', 'predict', 'check', 'sample', 'export', 'runtime', 'bench'],
    ])
      expect(help).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
  });

  test.each([
    [
      'train',
      ...['config', 'output_dir', 'pretrained', 'evaluate', 'resume', 'overwrite', 'seed'],
      ...['device', 'set'],
    ],
    ['evaluate', 'config', 'checkpoint', 'split', 'output_dir', 'device', 'set'],
    ['predict', 'config', 'checkpoint', 'left', 'right', 'sentence', 'json'],
    ['check', 'config', 'all', 'json', 'missing_urls', 'set'],
    ['export', 'format', 'overwrite'],
    ['inspect', 'json'],
    ['convert', 'left', 'sentence', 'split_column', 'ratio', 'image_root', 'overwrite', 'json'],
  ])('nlvr %s --help lists its options', async (command, ...options) => {
    const help = await succeed(command, '--help');
    for (const option of options) expect(help).toMatch(new RegExp(`^ +--${option}\\b`, 'm'));
  });

  test('--help lists all options except the hidden ones', () => {
    const folder = join(import.meta.dirname, '../../src/cli');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const program = files.filter((file) => file.endsWith('.ts'));
    expect(program.length).toBeGreaterThan(20);
    for (const file of program)
      expect(readFileSync(join(folder, file), 'utf8'), file).not.toMatch(
        /hideHelp|hidden|helpOption|configureHelp/,
      );
  });

  test('nlvr --version is that of the package', async () => {
    expect(await succeed('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('usage errors are exit code 2', () => {
  test.each([
    ['an unknown command', ['evalaute'], /evalaute/],
    ['no command', [], /Usage: nlvr/],
    ['an unknown option', ['check', '--config', 'x', '--jsno'], /--jsno/],
    [
      'a device that does not exist',
      ['train', '--config', 'x', '--device', 'tpu'],
      /auto, cpu, gpu/,
    ],
    ['an empty seed', ['train', '--config', 'x', '--seed', ''], /whole number/],
    ['a setting without a value', ['train', '--config', 'x', '--set', 'seed'], /key=value/],
  ])('%s', async (_, args, message) => {
    expect(await fail(2, ...args)).toMatch(message);
  });
});

describe('nlvr runtime status', () => {
  test('--json: one object with the status', async () => {
    const stdout = await succeed('runtime', 'status', '--json');
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      works: true,
      version: TENSORFLOW_VERSION,
      directory: expect.any(String) as string,
      source: expect.stringMatching(/option|environment|managed|python/) as string,
      size: expect.any(Number) as number,
      gpu: expect.any(Boolean) as boolean,
      message: null,
    });
  });

  test('a folder without the library: exit code 3, also in JSON', async () => {
    const empty = scratchFolder();
    const { code, stdout } = await nlvr(['runtime', 'status', '--json', '--tensorflow', empty]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      works: false,
      message: expect.stringContaining(empty) as string,
      hint: expect.stringContaining('nlvr runtime install') as string,
    });
    expect(await fail(3, 'runtime', 'status', '--tensorflow', empty)).toContain(empty);
  });
});

test.skipIf(hasNvidiaDevice())(
  '--device gpu without a GPU: exit code 3 and what to do',
  async () => {
    const { config } = await tinyProject();
    expect(await fail(3, 'train', '--config', config, '--device', 'gpu')).toMatch(
      /no GPU.*nlvr runtime install --gpu/s,
    );
  },
);
