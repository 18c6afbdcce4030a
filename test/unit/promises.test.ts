/** docs/promises.md names a test for each promise of the README. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { status } from '../../src/cli/commands/status';
import { TENSORFLOW_VERSION } from '../../src/runtime/install/wheels';
import { migrateRunInfo } from '../../src/run/read/migrate';
import { ExitCode } from '../../src/util/userError';

const run = promisify(execFile);
const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const README = read('README.md');
const CONFIGURATION = read('docs/configuration.md');

/** Joins wrapped lines. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

interface Row {
  promise: string;
  file: string;
  test: string;
}

function promises(): Row[] {
  const rows = read('docs/promises.md').matchAll(/^\| (.+?) +\| `(test\/[^`]+)` +\| (.+?) +\|$/gm);
  return Array.from(rows, ([, promise, file, test]) => ({ promise, file, test }));
}

/** Whether a source file has an enabled test with that title as the first argument of a call. */
function hasTest(source: string, title: string): boolean {
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/['"]/g, '\\\\?$&');
  const off = '(?<!\\b(?:skip|todo|fails))';
  return new RegExp(`${off}\\(\\s*(['"\`])${literal}\\1\\s*,`).test(source);
}

describe('docs/promises.md', () => {
  it('each promise is quoted from the README and has an existing test', () => {
    const rows = promises();
    expect(rows.length).toBeGreaterThan(80);
    // The page of the configuration keys counts as a part of the README.
    const text = oneLine(README + CONFIGURATION);
    const wrong = rows.flatMap(({ promise, file, test }) => [
      ...(text.includes(promise) ? [] : [`not in the README: ${promise}`]),
      ...(!existsSync(join(root, file))
        ? [`no such file: ${file}`]
        : hasTest(read(file), test)
          ? []
          : [`no such test: ${file}: ${test}`]),
    ]);
    expect(wrong).toEqual([]);
  });

  it('has tables whose rows are all parsed, and every section of the README', () => {
    const page = read('docs/promises.md');
    expect(page.match(/^\| .*test\//gm)).toHaveLength(promises().length);
    const sections = (text: string): string[] => text.match(/^## .+$/gm) ?? [];
    expect(sections(page)).toEqual(expect.arrayContaining(sections(README)));
  });
});

describe('the README', () => {
  it('shows only commands and options that nlvr has', async () => {
    const options = new Map<string, Set<string>>();
    for (const [, command, rest] of README.matchAll(/^nlvr (\w+)([^#\n]*)/gm)) {
      const known = options.get(command) ?? new Set();
      for (const [option] of rest.matchAll(/--\w+/g)) known.add(option);
      options.set(command, known);
    }
    expect(options.size).toBeGreaterThan(10);
    const help = async (...words: string[]): Promise<string> =>
      (await run(process.execPath, [join(root, 'dist/cli.js'), ...words, '--help'])).stdout;
    const all = await help();
    for (const command of options.keys()) expect(all).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
    await Promise.all(
      Array.from(options, async ([command, shown]) => {
        if (shown.size === 0) return;
        const output = await help(command, ...(command === 'runtime' ? ['install'] : []));
        for (const option of shown) expect(output).toMatch(new RegExp(`^ +${option}\\b`, 'm'));
      }),
    );
  });

  it('nlvr status prints the state of a run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nlvr-status-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const info = { schema: 1, kind: 'train', name: 'calm-fox-1', state: 'finished', step: 12 };
    writeFileSync(join(folder, 'run.json'), JSON.stringify(migrateRunInfo(info, folder)));
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    await status([folder], {});
    expect(write.mock.lastCall?.[0]).toContain(`calm-fox-1: finished, step 12 (${folder})`);
    await expect(status([join(folder, 'none')], {})).rejects.toThrow('does not contain a run');
  });

  it('lists the exit codes', () => {
    const codes = /Exit codes: (.*?)\.\n/s.exec(README)?.[1] ?? '';
    expect(Array.from(codes.matchAll(/\b\d+(?= \w)/g), ([code]) => Number(code))).toEqual(
      Object.values(ExitCode),
    );
  });

  it('names the versions of the package', () => {
    const text = oneLine(README);
    const [major, minor] = TENSORFLOW_VERSION.split('.');
    expect(text).toContain(`run by TensorFlow ${major}.${minor} through`);
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(text).toContain(`Node ${/\d+/.exec(engines.node)?.[0]} or newer`);
  });

  it('quotes the speed of docs/benchmarks.md', () => {
    const [, low, high, memory] =
      /trains ([\d.]+) to ([\d.]+) times .+? with ([\d.]+) of the memory/.exec(oneLine(README)) ?? [
        '',
      ];
    const rows = Array.from(
      read('docs/benchmarks.md').matchAll(/^\| base, .+\| fp32 .*?([\d.]+) × .*?\| ([\d.]+) \(/gm),
      ([, training, share]) => ({ training: Number(training), share: Number(share) }),
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { training, share } of rows) {
      expect(Math.round(10 * training)).toBeGreaterThanOrEqual(10 * Number(low));
      expect(Math.round(10 * training)).toBeLessThanOrEqual(10 * Number(high));
      expect(Math.round(10 * share)).toBe(10 * Number(memory));
    }
  });

  it('has no broken links in the package', () => {
    const shipped = read('.vscodeignore').match(/^!.+$/gm) ?? [];
    for (const [, path] of README.matchAll(/\]\(((?!https?:)[^)#]+)\)/g))
      expect(shipped, path).toContain(`!${path.includes('/') ? `${path.split('/')[0]}/**` : path}`);
  });

  it('names commands of the editor and files that exist', () => {
    const titles = Object.values(JSON.parse(read('package.nls.json')) as Record<string, string>);
    const commands = Array.from(README.matchAll(/\*\*NLVR: (.+?)\*\*/g), ([, title]) => title);
    expect(commands.length).toBeGreaterThan(3);
    for (const title of commands) expect(titles).toContain(title);
    for (const [, path] of README.matchAll(/\]\(((?!https?:)[^)#]+)\)/g))
      expect(existsSync(join(root, path)), path).toBe(true);
  });
});
