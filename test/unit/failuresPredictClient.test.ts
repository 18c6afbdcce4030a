import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PredictClient, type ClientState } from '../../src/extension/failures/predictClient';
import type { Launch } from '../../src/extension/trainer/process';

/** A prediction process that answers questions, and fails in various ways on request. */
const SERVER = `
const { createInterface } = require('node:readline');
const { spawn } = require('node:child_process');
const { appendFileSync } = require('node:fs');
const mode = process.argv[2];
appendFileSync(process.argv[3], process.pid + '\\n');
if (mode === 'grandchild') {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  appendFileSync(process.argv[3], child.pid + '\\n');
}
const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
if (mode === 'refuse') { say({ error: 'The run has no checkpoint.', hint: 'Train it first.' }); setInterval(() => {}, 1000); }
else if (mode === 'die') { console.error('TensorFlow was not found.'); process.exit(3); }
else {
  process.stdout.write('a native library says hello\\n');
  setTimeout(() => say({ ready: true, device: 'CPU', parameters: 1234 }), 50);
}
createInterface({ input: process.stdin }).on('line', (text) => {
  const { id, left, right, sentence } = JSON.parse(text);
  if (sentence === 'die') { console.error('out of memory'); process.exit(1); }
  if (sentence === 'hang') return;
  if (sentence === 'bad') return say({ id, error: 'left.png is no image.', hint: 'Look at it.' });
  if (sentence === 'odd') return say({ id, prediction: 'yes' });
  const answer = { id, prediction: left < right, prob_true: left < right ? 0.9 : 0.2, logits: [0, 1], ms: 5, encoded: 2 };
  setTimeout(() => say(answer), sentence === 'slow' ? 80 : 0);
}).on('close', () => process.exit(0));
`;

let folder: string;
let client: PredictClient;
let states: ClientState[];
let logged: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nlvr-predict-'));
  await writeFile(join(folder, 'server.cjs'), SERVER);
  states = [];
  logged = [];
});
afterEach(async () => {
  client.dispose();
  await rm(folder, { recursive: true, force: true });
});

function launch(mode: string): Launch {
  return {
    command: process.execPath,
    args: [join(folder, 'server.cjs'), mode, join(folder, 'pids')],
    env: process.env,
  };
}
function make(
  mode: string | (() => Launch),
  options: { idleMs?: number; startMs?: number; answerMs?: number } = {},
): PredictClient {
  client = new PredictClient({
    launch: () => (typeof mode === 'string' ? launch(mode) : mode()),
    onState: (state) => states.push(state),
    log: (line) => logged.push(line),
    ...options,
  });
  return client;
}
async function pids(): Promise<number[]> {
  return (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n').map(Number);
}
/** Whether a process is running. A zombie counts as ended: in a container, nothing may reap it. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));
  } catch {
    return false;
  }
}
const question = (sentence: string) => ({ left: '/a.png', right: '/b.png', sentence });

describe('the prediction process', () => {
  it('starts with the first question, and answers many in any order', async () => {
    make('answer');
    expect(states).toEqual([]);
    const [slow, fast] = await Promise.all([
      client.ask(question('slow')),
      client.ask({ left: '/b.png', right: '/a.png', sentence: 'fast' }),
    ]);
    expect(slow).toEqual({ prediction: true, probTrue: 0.9, milliseconds: 5 });
    expect(fast).toEqual({ prediction: false, probTrue: 0.2, milliseconds: 5 });
    expect(states).toEqual([
      { state: 'starting' },
      { state: 'ready', device: 'CPU', parameters: 1234 },
    ]);
    expect(await pids()).toHaveLength(1);
    expect(logged).toEqual(['a native library says hello']);
  });

  it('answers an invalid question with an error and keeps running', async () => {
    make('answer');
    await expect(client.ask(question('bad'))).rejects.toMatchObject({
      message: 'left.png is no image.',
      hint: 'Look at it.',
    });
    await expect(client.ask(question('odd'))).rejects.toThrow(/cannot be understood/);
    expect((await client.ask(question('good'))).prediction).toBe(true);
    expect(await pids()).toHaveLength(1);
  });

  it('reports why it ended, and is started again by the next question', async () => {
    make('answer');
    await expect(client.ask(question('die'))).rejects.toThrow(/exit code 1.*\nout of memory/);
    expect(states.at(-1)).toMatchObject({ state: 'failed' });
    expect((await client.ask(question('good'))).prediction).toBe(true);
    expect(await pids()).toHaveLength(2);
  });

  it('reports why it cannot start', async () => {
    make('die');
    await expect(client.ask(question('x'))).rejects.toThrow(
      /exit code 3.*\nTensorFlow was not found/,
    );
    make('refuse');
    await expect(client.ask(question('x'))).rejects.toMatchObject({
      message: 'The run has no checkpoint.',
      hint: 'Train it first.',
    });
    expect(states.at(-1)).toEqual({
      state: 'failed',
      message: 'The run has no checkpoint.',
      hint: 'Train it first.',
    });
    make(() => ({ command: join(folder, 'no such program'), args: [], env: {} }));
    await expect(client.ask(question('x'))).rejects.toThrow(/could not be started/);
    make(() => {
      throw new Error('Restricted Mode');
    });
    await expect(client.ask(question('x'))).rejects.toThrow('Restricted Mode');
    expect(states.at(-1)).toEqual({ state: 'failed', message: 'Restricted Mode' });
  });

  it('is ended when it does not answer in time', async () => {
    make('answer', { answerMs: 1000 });
    await expect(client.ask(question('hang'))).rejects.toThrow(/did not answer in time/);
    const [first] = await pids();
    await expect.poll(() => isAlive(first ?? 0)).toBe(false);
    expect((await client.ask(question('good'))).prediction).toBe(true);
  });

  it('ends after a time without questions, without an error', async () => {
    make('answer', { idleMs: 100 });
    await client.ask(question('good'));
    const [pid] = await pids();
    await expect.poll(() => isAlive(pid ?? 0)).toBe(false);
    expect(states.at(-1)).toEqual({ state: 'idle' });
  });

  it('ends with the panel, including its descendants', async () => {
    make('grandchild');
    const hanging = client.ask(question('hang'));
    await client.ask(question('good'));
    const started = await pids();
    expect(started).toHaveLength(2);
    client.dispose();
    await expect(hanging).rejects.toThrow(/stopped/);
    for (const pid of started) await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
    await expect(client.ask(question('good'))).rejects.toThrow(/closed/);
  });
});
