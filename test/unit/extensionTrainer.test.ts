import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNode } from '../../src/extension/trainer/findNode';
import { claimRunFolder, reserveFolder } from '../../src/extension/trainer/newRunFolder';
import {
  childEnvironment,
  launchOf,
  runProgram,
  spawnTrainer,
  startChild,
  type Program,
} from '../../src/extension/trainer/process';
import { descendantsOf } from '../../src/extension/trainer/processTree';
import { startAttempt } from '../../src/extension/trainer/startAttempt';
import { requestStop, killRun, stopStarting } from '../../src/extension/trainer/stop';
import {
  newAttempt,
  readAttemptFile,
  readAttempts,
  writeAttempt,
  type Attempt,
} from '../../src/run/record/attempts';
import { AttemptWriter } from '../../src/run/record/attemptWriter';
import { processStartTime } from '../../src/run/record/processStart';
import { currentScope } from '../../src/run/record/owner';
import { tryAcquireLock } from '../../src/run/record/runLock';
import { RunFolder } from '../../src/run/runFolder';

/** Timeout for a busy machine. */
const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 20_000 });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-trainer-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A program that runs a script in place of the command line program. */
function program(script: string, environment: Program['environment'] = {}): Program {
  const cli = join(root, 'cli.cjs');
  writeFileSync(cli, script);
  return { executable: process.execPath, cli, environment };
}

const isAlive = (pid: number): boolean => processStartTime(pid) !== null;

describe('runProgram', () => {
  it('returns exit code and both outputs', async () => {
    const script = 'console.log(process.argv[2]); console.error("why"); process.exitCode = 2';
    const outcome = await runProgram(program(script), ['a b']);
    expect(outcome).toEqual({ code: 2, signal: null, stdout: 'a b\n', stderr: 'why\n' });
  });

  it('passes lines as they are written', async () => {
    const lines: string[] = [];
    const script = 'console.log("1"); setTimeout(() => console.log("2"), 50)';
    await runProgram(program(script), [], { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['1', '2']);
  });

  it('ends the child and its descendants when aborted, and rejects with the reason', async () => {
    const file = join(root, 'pids');
    const script = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
      require('node:fs').writeFileSync(${JSON.stringify(file)}, process.pid + ' ' + child.pid);
      setInterval(() => {}, 1000)`;
    const abort = new AbortController();
    const running = runProgram(program(script), [], { signal: abort.signal });
    await eventually(() => existsSync(file) && readFileSync(file, 'utf8') !== '').toBe(true);
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await eventually(() => pids.filter(isAlive)).toEqual([]);
  });

  it('rejects when the program cannot be started', async () => {
    const missing = { ...program(''), executable: join(root, 'no-node') };
    await expect(runProgram(missing, [])).rejects.toThrow(/ENOENT/);
  });
});

describe('childEnvironment', () => {
  it("hides the editor's own variables and adds the program's", () => {
    const ours = {
      PATH: '/bin',
      VSCODE_IPC_HOOK: 'x',
      ELECTRON_RUN_AS_NODE: '1',
      NODE_OPTIONS: '-r x',
    };
    const node = program('', { NLVR_TF_DIR: '/tf', ELECTRON_RUN_AS_NODE: '1' });
    expect(childEnvironment(node, ours)).toEqual({
      PATH: '/bin',
      NLVR_TF_DIR: '/tf',
      ELECTRON_RUN_AS_NODE: '1',
    });
  });
});

describe('spawnTrainer', () => {
  it('starts its own process group that writes to trainer.log, and reports how it ended', async () => {
    const folder = join(root, 'new', 'run');
    const script =
      'console.log("hello"); console.error("there"); setTimeout(() => process.exit(5), 300)';
    const { pid, ended } = await spawnTrainer(program(script), [], folder, root);
    if (process.platform === 'linux') {
      const group = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')[2];
      expect(Number(group)).toBe(pid);
    }
    expect(await ended).toEqual({ code: 5, signal: null });
    expect(readFileSync(join(folder, 'trainer.log'), 'utf8')).toBe('hello\nthere\n');
  });

  it('appends to the log of a resumed run', async () => {
    const folder = join(root, 'run');
    for (const text of ['one', 'two']) {
      const { ended } = await spawnTrainer(program(`console.log("${text}")`), [], folder, root);
      await ended;
    }
    expect(readFileSync(join(folder, 'trainer.log'), 'utf8')).toBe('one\ntwo\n');
  });

  it('keeps running when the process that started it is killed', async () => {
    const folder = join(root, 'run');
    const heartbeatFile = join(root, 'beat');
    const trainer = `setInterval(() => require('node:fs').appendFileSync(${JSON.stringify(heartbeatFile)}, '.'), 20)`;
    writeFileSync(join(root, 'trainer.cjs'), trainer);
    // In place of the extension host: starts a detached trainer as `spawnTrainer` does, then is killed.
    const host = spawn(process.execPath, [
      '-e',
      `const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(join(root, 'trainer.cjs'))}],
         { detached: true, stdio: 'ignore' }); child.unref(); console.log(child.pid); setInterval(() => {}, 1000)`,
    ]);
    const pid = await new Promise<number>((resolve) =>
      host.stdout.once('data', (text: Buffer) => resolve(Number(text))),
    );
    try {
      process.kill(host.pid ?? 0, 'SIGKILL');
      await new Promise((resolve) => host.once('exit', resolve));
      const size = (): number =>
        existsSync(heartbeatFile) ? readFileSync(heartbeatFile).length : 0;
      const before = size();
      await eventually(size).toBeGreaterThan(before + 3);
      expect(folder).not.toBe('');
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });
});

describe('startChild', () => {
  it('exchanges lines until it is ended', async () => {
    const script = `require('node:readline').createInterface({ input: process.stdin })
      .on('line', (line) => console.log(line.toUpperCase()))`;
    const lines: string[] = [];
    const child = startChild(launchOf(program(script), []), {
      input: true,
      onLine: (line) => lines.push(line),
    });
    child.send('a');
    child.send('b');
    await eventually(() => lines).toEqual(['A', 'B']);
    await child.end();
    expect(await child.ended).toMatchObject({ code: null, signal: 'SIGTERM', stdout: '' });
  });

  it('kills a child that ignores SIGTERM, and keeps the end of its output', async () => {
    const script = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
      process.stderr.write('x'.repeat(300_000) + 'last words\\n'); console.log('ready')`;
    const lines: string[] = [];
    const child = startChild(launchOf(program(script), []), { onLine: (line) => lines.push(line) });
    const pid = await child.started;
    await eventually(() => lines).toEqual(['ready']);
    await child.end(50);
    expect(isAlive(pid)).toBe(false);
    const { signal, stderr } = await child.ended;
    expect(signal).toBe('SIGKILL');
    expect(stderr).toHaveLength(256 * 1024);
    expect(stderr).toMatch(/last words\n$/);
  });

  it('reports that it could not be started', async () => {
    const child = startChild({ command: join(root, 'nothing'), args: [], env: {} });
    await expect(child.started).rejects.toThrow(/ENOENT/);
    await child.end();
  });
});

describe('claimRunFolder', () => {
  const never = () => false;
  /** Claims, and releases immediately: from then on its contents mark the folder as taken. */
  const claim = async (
    output: string,
    taken: (folder: string) => boolean = never,
  ): Promise<string> => {
    const { folder, release } = await claimRunFolder(output, taken);
    release();
    return folder;
  };

  it('uses output_dir if it contains no run, and otherwise appends a number', async () => {
    const output = join(root, 'output', 'NLVR');
    expect(await claim(output)).toBe(output);
    writeFileSync(join(output, 'trainer.log'), 'a start that failed');
    expect(await claim(output)).toBe(output);
    writeFileSync(join(output, 'run.json'), '{}');
    expect(await claim(output)).toBe(`${output}-2`);
    expect(await claim(output, (folder) => folder === `${output}-2`)).toBe(`${output}-3`);
  });

  it('never uses the output folder of a BLIP training', async () => {
    const output = join(root, 'NLVR');
    await claim(output);
    writeFileSync(join(output, 'log.txt'), '{}');
    expect(await claim(output)).toBe(`${output}-2`);
  });

  it('gives two starts in quick succession different folders, before either has written anything', async () => {
    const output = join(root, 'NLVR');
    const [first, second] = await Promise.all([
      claimRunFolder(output, never),
      claimRunFolder(output, never),
    ]);
    expect([first.folder, second.folder]).toEqual([output, `${output}-2`]);
    expect(reserveFolder(output)).toBeUndefined();
    first.release();
    second.release();
    expect(await claim(output)).toBe(output);
  });

  it('releases a folder that could not be created', async () => {
    writeFileSync(join(root, 'file'), '');
    const output = join(root, 'file', 'NLVR');
    await expect(claimRunFolder(output, never)).rejects.toThrow(/ENOTDIR|EEXIST/);
    const free = reserveFolder(output);
    expect(free).toBeDefined();
    free?.release();
  });
});

describe('an attempt', () => {
  const folder = () => new RunFolder(join(root, 'run'));
  const asked = () => ({
    kind: 'train' as const,
    args: ['train'],
    folder: folder().root,
    configFile: join(root, 'nlvr.yaml'),
    cwd: root,
  });
  const recordIn = (file: string) => readAttemptFile(file);

  it('is recorded before its program is started, which receives the record', async () => {
    const script = `const record = JSON.parse(require('node:fs').readFileSync(process.env.NLVR_ATTEMPT));
      require('node:fs').writeFileSync(${JSON.stringify(join(root, 'seen'))}, record.kind + ' ' + record.askedBy)`;
    const { ended, file, attempt } = await startAttempt(program(script), asked());
    await ended;
    expect(readFileSync(join(root, 'seen'), 'utf8')).toBe('train editor');
    expect(attempt).toMatchObject({ arguments: ['train'], configFile: join(root, 'nlvr.yaml') });
    expect(recordIn(file)?.outcome).toMatchObject({ state: 'finished', exitCode: 0 });
  });

  it.each([
    ['process.abort()', 'failed', 'The TensorFlow runtime crashed.'],
    ['process.kill(process.pid, "SIGKILL")', 'failed', 'The trainer was killed.'],
    ['process.exit(7)', 'failed', 'The trainer ended without an error message.'],
    ['process.exit(130)', 'stopped', 'Ended immediately, without saving.'],
  ])('of a program that ends by %s has %s as its outcome', async (script, state, message) => {
    const { ended, file } = await startAttempt(program(script), asked());
    await ended;
    expect(recordIn(file)?.outcome).toMatchObject({ state, message });
  });

  it('keeps the outcome that the program recorded', async () => {
    const script = `const fs = require('node:fs'); const file = process.env.NLVR_ATTEMPT;
      const record = JSON.parse(fs.readFileSync(file));
      fs.writeFileSync(file, JSON.stringify({ ...record, outcome: { state: 'refused', exitCode: 2, message: 'no' } }));
      process.exit(2)`;
    const { ended, file } = await startAttempt(program(script), asked());
    await ended;
    expect(recordIn(file)?.outcome).toMatchObject({ state: 'refused', message: 'no' });
  });

  it('records that its program cannot be started', async () => {
    const missing = { ...program(''), executable: join(root, 'no-node') };
    await expect(startAttempt(missing, asked())).rejects.toThrow(/ENOENT/);
    const [attempt] = await readAttempts(folder());
    expect(attempt.outcome).toMatchObject({ state: 'refused' });
  });
});

describe('stopping', () => {
  const runJson = (pid: number, more: object = {}): string =>
    JSON.stringify({
      schema: 1,
      name: 'calm-fox-1',
      state: 'running',
      pid,
      processStart: processStartTime(pid),
      host: hostname(),
      heartbeat: new Date().toISOString(),
      started: new Date().toISOString(),
      ...more,
    });
  const state = (): unknown => JSON.parse(readFileSync(join(root, 'run.json'), 'utf8'));

  it('is requested with a file', async () => {
    await requestStop(root);
    expect(existsSync(join(root, 'stop.request'))).toBe(true);
  });

  it('immediately ends the trainer with its descendants, also those that ignore signals, and records it in run.json', async () => {
    const ignoreSigterm = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
    const script = `const { spawn } = require('node:child_process');
      ${ignoreSigterm}
      spawn(process.execPath, ['-e', ${JSON.stringify(
        `${ignoreSigterm} require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(ignoreSigterm)}], { stdio: 'ignore' })`,
      )}], { stdio: 'ignore' });`;
    const { pid } = await spawnTrainer(program(script), [], root, root);
    await eventually(async () => (await descendantsOf(pid)).length).toBe(2);
    const processTree = [pid, ...(await descendantsOf(pid))];
    writeFileSync(join(root, 'run.json'), runJson(pid));
    await requestStop(root);
    await killRun(root, 'Stopped at once.', 300);
    expect(processTree.filter(isAlive)).toEqual([]);
    expect(state()).toMatchObject({ state: 'stopped', message: 'Stopped at once.' });
    expect(existsSync(join(root, 'stop.request'))).toBe(false);
  });

  it('immediately ends the launcher and all ranks, also suspended ones and those that ignore signals, when one rank is the owner', async () => {
    // As the trainer starts itself: once more in a network namespace, and from there once per rank.
    const script = `const { spawn } = require('node:child_process');
      process.on('SIGTERM', () => {});
      setInterval(() => {}, 1000);
      const level = Number(process.env.LEVEL ?? 0);
      const start = (env) =>
        spawn(process.execPath, process.argv.slice(1), { stdio: 'ignore', env: { ...process.env, ...env } });
      if (level === 0) start({ LEVEL: '1' });
      if (level === 1) for (const RANK of ['0', '1', '2']) start({ LEVEL: '2', RANK });
      if (level === 2) spawn('sleep', ['1000'], { stdio: 'ignore' });`;
    const unrelatedProcess = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      const { pid } = await spawnTrainer(program(script), ['train'], root, root);
      await eventually(async () => (await descendantsOf(pid)).length).toBe(7);
      const [launcher, ...others] = await descendantsOf(pid);
      const [rank0, rank1] = others;
      process.kill(rank1, 'SIGSTOP');
      writeFileSync(join(root, 'run.json'), runJson(rank0));
      await killRun(root, 'Stopped at once.', 300);
      expect([pid, launcher, ...others].filter(isAlive)).toEqual([]);
      expect(isAlive(unrelatedProcess.pid ?? 0)).toBe(true);
    } finally {
      unrelatedProcess.kill('SIGKILL');
    }
  });

  it('immediately never signals a process that only has the same process ID', async () => {
    const { pid } = await spawnTrainer(program('setInterval(() => {}, 1000)'), [], root, root);
    try {
      writeFileSync(join(root, 'run.json'), runJson(pid, { processStart: '1' }));
      await killRun(root, 'Stopped at once.', 100);
      expect(isAlive(pid)).toBe(true);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('immediately does not change run.json of a resume that owns the folder since', async () => {
    const { pid } = await spawnTrainer(program('setInterval(() => {}, 1000)'), [], root, root);
    writeFileSync(join(root, 'run.json'), runJson(pid));
    const resumed = tryAcquireLock(new RunFolder(root));
    try {
      await killRun(root, 'Stopped at once.', 100);
      expect(isAlive(pid)).toBe(false);
      expect(state()).toMatchObject({ state: 'running' });
    } finally {
      resumed.release();
    }
  });

  it('immediately refuses a run of another machine', async () => {
    writeFileSync(join(root, 'run.json'), runJson(process.pid, { host: 'elsewhere' }));
    await expect(killRun(root, 'x')).rejects.toThrow(/is on elsewhere/);
    expect(state()).toMatchObject({ state: 'running' });
  });

  it('immediately does nothing to a run that has ended', async () => {
    writeFileSync(join(root, 'run.json'), runJson(1, { state: 'finished' }));
    await killRun(root, 'x');
    expect(state()).toMatchObject({ state: 'finished' });
  });
});

describe('stopping a program that has not begun its run', () => {
  /** A program whose record says that it is active. */
  async function start(script: string, more: Partial<Attempt> = {}) {
    const { pid, ended } = await spawnTrainer(program(script), [], root, root);
    const owner = { ...currentScope(), pid, processStart: processStartTime(pid) };
    const attempt: Attempt = {
      ...newAttempt({ kind: 'train', arguments: [], configFile: null, askedBy: 'editor' }),
      owner,
      ...more,
    };
    const file = writeAttempt(new RunFolder(root), attempt);
    return { pid, owner, attempt, ended, outcome: () => readAttemptFile(file)?.outcome };
  }
  const hasRequest = (): boolean => existsSync(join(root, 'stop.request'));

  it('ends one that ignores signals with its descendants, without a run.json, and removes the request', async () => {
    const { pid, attempt, outcome } = await start(
      `require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
       process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`,
    );
    await eventually(async () => (await descendantsOf(pid)).length).toBe(1);
    const processTree = [pid, ...(await descendantsOf(pid))];
    await stopStarting(root, attempt, 300);
    expect(processTree.filter(isAlive)).toEqual([]);
    expect(hasRequest()).toBe(false);
    expect(outcome()).toMatchObject({ state: 'stopped', exitCode: 130 });
  });

  it('ends a resume the same way, and keeps what the earlier trainer wrote', async () => {
    const earlier = JSON.stringify({ state: 'stopped', started: '2026-01-01T00:00:00.000Z' });
    writeFileSync(join(root, 'run.json'), earlier);
    const { pid, attempt } = await start('setInterval(() => {}, 1000)');
    await stopStarting(root, attempt, 300);
    expect(isAlive(pid)).toBe(false);
    expect(readFileSync(join(root, 'run.json'), 'utf8')).toBe(earlier);
  });

  it('lets one that responds to the request end by itself', async () => {
    const request = JSON.stringify(join(root, 'stop.request'));
    const { attempt, ended } = await start(
      `setInterval(() => { if (require('node:fs').existsSync(${request})) process.exit(130) }, 20)`,
    );
    await stopStarting(root, attempt, 20_000);
    expect(await ended).toEqual({ code: 130, signal: null });
    expect(hasRequest()).toBe(false);
  });

  it('closes the record of one that has not loaded it yet, which then does nothing', async () => {
    const { pid, attempt, outcome } = await start('setInterval(() => {}, 1000)', { owner: null });
    try {
      await stopStarting(root, attempt, 200);
      expect(outcome()).toMatchObject({ state: 'stopped' });
      const asked = { kind: 'train', arguments: [], configFile: null } as const;
      const file = join(root, 'attempts', `${attempt.id}.json`);
      expect(AttemptWriter.open(asked, { NLVR_ATTEMPT: file })).toBeUndefined();
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('does nothing to one that begins its run meanwhile: it responds to the request, and saves', async () => {
    const { pid, attempt } = await start('setInterval(() => {}, 1000)');
    try {
      setTimeout(() => {
        const begun = { format: 'nlvr-run', state: 'starting', attempt: attempt.id };
        writeFileSync(join(root, 'run.json'), JSON.stringify(begun));
      }, 100);
      await stopStarting(root, attempt, 20_000);
      expect(isAlive(pid)).toBe(true);
      expect(hasRequest()).toBe(true);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('never signals a process that only has the same process ID', async () => {
    const { pid, owner, attempt } = await start('setInterval(() => {}, 1000)');
    try {
      await stopStarting(root, { ...attempt, owner: { ...owner, processStart: '1' } }, 100);
      expect(isAlive(pid)).toBe(true);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });
});

describe('findNode', () => {
  /** A program that responds like a Node.js of this version. */
  function fakeNode(name: string, version: string): string {
    const file = join(root, name);
    writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
    chmodSync(file, 0o755);
    return file;
  }
  const search = { configured: '', path: '', execPath: process.execPath };

  it('uses the setting, and rejects one that is too old or not Node.js', async () => {
    expect(await findNode({ ...search, configured: process.execPath })).toMatchObject({
      executable: process.execPath,
      version: process.versions.node,
      source: 'setting',
    });
    const old = fakeNode('old', '18.19.0');
    await expect(findNode({ ...search, configured: old })).rejects.toThrow(/is Node.js 18.19.0/);
    const other = fakeNode('other', 'hello');
    await expect(findNode({ ...search, configured: other })).rejects.toThrow(
      /not a working Node.js/,
    );
    const missing = join(root, 'missing');
    await expect(findNode({ ...search, configured: missing })).rejects.toThrow(
      /not a working Node.js/,
    );
  });

  it('uses the first node on the PATH that is recent enough', async () => {
    fakeNode('node', '18.0.0');
    const path = `${root}:${join(root, 'nothing')}:${join(process.execPath, '..')}`;
    const found = await findNode({ ...search, path });
    expect(found).toMatchObject({ source: 'path', version: process.versions.node });
    expect(found.executable).not.toBe(join(root, 'node'));
  });

  it("falls back to the editor's runtime in its Node mode", async () => {
    expect(await findNode(search)).toMatchObject({
      executable: process.execPath,
      source: 'editor',
      environment: { ELECTRON_RUN_AS_NODE: '1' },
    });
  });

  it('has a hint when there is none', async () => {
    const execPath = fakeNode('electron', '18.0.0');
    await expect(findNode({ ...search, execPath })).rejects.toThrow(/No Node.js 20 or newer/);
  });
});
