import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import type * as commands from '../../src/extension/commands/openTerminal';
import { shimFile, terminalEnvironment } from '../../src/extension/trainer/terminalShim';
import { loadWithVscode, nothing } from './fakeVscode';

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'nlvr-terminal-'));
afterAll(() => rmSync(root, { recursive: true }));
const cli = join(__dirname, '../../dist/cli.js');

interface TerminalOptions {
  env: Record<string, string | null>;
}

/** Runs the command. @returns the terminals that it opened. */
async function opened(isTrusted: boolean, storage: string): Promise<TerminalOptions[]> {
  const terminals: TerminalOptions[] = [];
  const { openTerminal } = await loadWithVscode<typeof commands>(
    'src/extension/commands/openTerminal.ts',
    {
      workspace: { isTrusted },
      CancellationError: class extends Error {},
      Uri: { joinPath: (base: string, name: string) => ({ fsPath: join(base, name) }) },
      window: nothing({
        showWarningMessage: () => Promise.resolve(undefined),
        createTerminal: (options: TerminalOptions) => {
          terminals.push(options);
          return nothing();
        },
      }),
    },
  );
  const environment = { NLVR_TF_DIR: '/opt/tf', ELECTRON_RUN_AS_NODE: '1' };
  await openTerminal({
    context: { globalStorageUri: storage },
    commandLine: () => Promise.resolve({ executable: process.execPath, cli, environment }),
  } as never).catch(() => undefined);
  return terminals;
}

describe('Open Terminal with nlvr', () => {
  it('opens a terminal in which nlvr is the bundled program, with the settings of the trainer', async () => {
    const storage = join(root, 'a folder $HOME');
    const [terminal, ...more] = await opened(true, storage);
    expect(more).toEqual([]);
    const env = { ...process.env };
    for (const [name, value] of Object.entries(terminal?.env ?? {}))
      if (value === null) delete env[name];
      else env[name] = value;
    expect(env.NLVR_TF_DIR).toBe('/opt/tf');
    // It would make `code` run as Node.js, too.
    expect(env.ELECTRON_RUN_AS_NODE).toBeUndefined();
    const { stdout } = await run('sh', ['-c', 'nlvr --version'], { env });
    expect(stdout.trim()).toBe(version);
    const failing = run('sh', ['-c', 'nlvr status "a b"; exit $?'], { env, cwd: root });
    await expect(failing).rejects.toMatchObject({ code: 2 });
    await expect(failing).rejects.toThrow('a b');
    expect(readdirSync(join(storage, 'bin'))).toEqual(['nlvr']);
  });

  it('opens nothing and writes nothing in Restricted Mode', async () => {
    const storage = join(root, 'restricted');
    expect(await opened(false, storage)).toEqual([]);
    expect(readdirSync(root)).not.toContain('restricted');
  });

  it('is a batch file on Windows, which passes arguments and exit code on', () => {
    const { name, text } = shimFile('win32');
    expect(name).toBe('nlvr.cmd');
    expect(text.split('\r\n')).toEqual([
      '@echo off',
      'setlocal',
      'set "ELECTRON_RUN_AS_NODE=1"',
      '"%NLVR_TERMINAL_NODE%" "%NLVR_TERMINAL_CLI%" %*',
      'exit /b %ERRORLEVEL%',
      '',
    ]);
  });

  it('removes the variables that the settings remove, and finds the script first', () => {
    const environment = { PATH: '/mine', HTTPS_PROXY: undefined };
    expect(terminalEnvironment('/shim', { executable: '/n', cli: '/c', environment })).toEqual({
      HTTPS_PROXY: null,
      NLVR_TERMINAL_CLI: '/c',
      NLVR_TERMINAL_NODE: '/n',
      PATH: '/shim:/mine',
    });
  });
});

it('the command line program is executable, also through a link', async () => {
  // As `npm link` creates it.
  const link = join(root, 'nlvr');
  symlinkSync(cli, link);
  expect((await run(link, ['--version'])).stdout.trim()).toBe(version);
});
