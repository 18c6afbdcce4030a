/**
 * Fuzzes one reader: inputs that reach something new become parents of others. Runs as two threads: this one watches, as
 * a thread that hangs cannot say so. scripts/fuzz.mjs bundles it with counters in every branch, and starts it.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { drawFrom, mutate } from './mutate';
import { readInput, targetOf, type TargetName } from './targets';

/** What the threads know of each other. */
interface Setup {
  target: TargetName;
  runs: number;
  seed: number;
  folder: string;
  /** Number of the input under way, its length, then the input. */
  shared: SharedArrayBuffer;
  /** Names of inputs that ended a thread. */
  avoid: readonly string[];
}

export interface Summary {
  target: string;
  runs: number;
  read: number;
  parents: number;
  branches: number;
  branchesInAll: number;
  slowestMs: number;
  peakMb: number;
  seconds: number;
}

export interface Finding {
  target: string;
  what: string;
  input: Uint8Array;
}

type Message = { summary: Summary } | { finding: Finding };

/** Filled by the counters that scripts/fuzz.mjs puts into the bundle. */
declare const __branches: Uint8Array;

const SLOW_MS = 1000;
/** The other threads of the machine may be in the way; the watcher ends what is surely no slow machine. */
const HANG_MS = 10_000;
/** What one input may add to the memory of the process at its peak. */
const MOST_MEMORY_KB = 256 * 1024;
const LARGEST_INPUT = 4 << 20;

/** Starts the thread that reads, again behind each input on which it hung or ran out of memory. */
async function watch(setup: Omit<Setup, 'shared' | 'avoid'>): Promise<void> {
  let { runs, seed } = setup;
  const avoid: string[] = [];
  while (runs > 0) {
    const shared = new SharedArrayBuffer(8 + LARGEST_INPUT);
    const state = new Int32Array(shared, 0, 2);
    const worker = new Worker(__filename, {
      workerData: { ...setup, runs, seed, shared, avoid } satisfies Setup,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
      stdout: false,
    });
    const ended = await new Promise<string>((settle) => {
      let last = -1;
      let since = performance.now();
      const timer = setInterval(() => {
        const now = Atomics.load(state, 0);
        if (now !== last) [last, since] = [now, performance.now()];
        else if (performance.now() - since > HANG_MS) settle(`no end after ${HANG_MS} ms`);
      }, 500);
      worker.on('message', (message: Message) => {
        print(message);
        if ('summary' in message) settle('done');
      });
      worker.on('error', (error) => settle(`${error.name}: ${error.message}`));
      worker.on('exit', () => {
        clearInterval(timer);
        settle('the thread ended');
      });
    });
    await worker.terminate();
    if (ended === 'done') return;
    const done = Atomics.load(state, 0);
    const input = Uint8Array.from(new Uint8Array(shared, 8, Atomics.load(state, 1)));
    print({ finding: { target: setup.target, what: ended, input } });
    avoid.push(nameOf(input));
    runs -= done;
    seed += 1;
  }
}

/** A line a message; inputs as base64. */
function print(message: Message): void {
  const line =
    'finding' in message
      ? { ...message.finding, input: Buffer.from(message.finding.input).toString('base64') }
      : message.summary;
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function fuzz({ target: name, runs, seed, folder, shared, avoid }: Setup): Promise<void> {
  const target = targetOf(name);
  const post = (message: Message): void => parentPort?.postMessage(message);
  const state = new Int32Array(shared, 0, 2);
  const current = new Uint8Array(shared, 8);
  const draw = drawFrom(seed);
  const opened = watchOpened(folder);
  const reached = new Uint8Array(__branches.length);
  const known = new Set<string>();
  let slowestMs = 0;
  let read = 0;

  const attempt = async (input: Uint8Array): Promise<string | undefined> => {
    opened.length = 0;
    const before = process.resourceUsage().maxRSS;
    const began = process.cpuUsage();
    let problem: string | undefined;
    try {
      if ((await readInput(target, input, folder)) === 'read') read++;
    } catch (error) {
      problem = signatureOf(error);
    }
    // Not the time on the wall: others use the machine, too.
    const { user, system } = process.cpuUsage(began);
    const ms = (user + system) / 1000;
    const memory = process.resourceUsage().maxRSS - before;
    if (opened.length > 0) return `opened ${opened[0]}`;
    if (memory > MOST_MEMORY_KB) return `took ${Math.round(memory / 1024)} MB`;
    if (problem === undefined && ms > SLOW_MS) return 'slow';
    if (problem === undefined) slowestMs = Math.max(slowestMs, ms);
    return problem;
  };
  const isSlow = async (input: Uint8Array): Promise<boolean> => {
    for (let i = 0; i < 3; i++) if ((await attempt(input)) !== 'slow') return false;
    return true;
  };

  const parents: Uint8Array[] = [];
  const seeds = target.seeds();
  const began = performance.now();
  let branches = 0;
  for (let run = 0; run < runs; run++) {
    // New parents are tried more often: half of the time one of the newest.
    const pick = (): Uint8Array =>
      parents[draw(2) === 0 ? draw(parents.length) : newest(parents.length, draw)];
    // Of two the shorter: long ones take long, and hide what in them it was.
    const [one, other] = [pick(), pick()];
    const parent = one && other && other.length < one.length ? other : one;
    const input = run < seeds.length ? seeds[run] : mutate(parent, parents, target.words, draw);
    if (input.length > LARGEST_INPUT || (avoid.length > 0 && avoid.includes(nameOf(input))))
      continue;
    current.set(input);
    Atomics.store(state, 1, input.length);
    Atomics.store(state, 0, run);
    __branches.fill(0);
    const problem = await attempt(input);
    const fresh = addReached(reached);
    branches += fresh.branches;
    if (problem !== undefined && !known.has(problem)) {
      if (problem === 'slow' && !(await isSlow(input))) continue;
      known.add(problem);
      const smaller = problem === 'slow' ? input : await minimize(input, problem, attempt);
      post({ finding: { target: name, what: problem, input: Uint8Array.from(smaller) } });
    } else if (fresh.counts > 0 || run < seeds.length) parents.push(Uint8Array.from(input));
  }
  post({
    summary: {
      target: name,
      runs,
      read,
      parents: parents.length,
      branches,
      branchesInAll: __branches.length,
      slowestMs: Math.round(slowestMs),
      peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
      seconds: Math.round((performance.now() - began) / 1000),
    },
  });
}

const newest = (length: number, draw: (limit: number) => number): number =>
  Math.max(0, length - 1 - draw(Math.min(length, 50) || 1));

/** Adds what the last input reached. Counts are compared by their order of magnitude, as AFL does. */
function addReached(reached: Uint8Array): { branches: number; counts: number } {
  let branches = 0;
  let counts = 0;
  for (let i = 0; i < reached.length; i++) {
    const count = __branches[i];
    if (count === 0) continue;
    const bit = 1 << Math.min(7, 32 - Math.clz32(count) - 1);
    if ((reached[i] & bit) !== 0) continue;
    if (reached[i] === 0) branches++;
    counts++;
    reached[i] |= bit;
  }
  return { branches, counts };
}

/** What an error is, without what depends on the input: its name and where it was thrown. */
function signatureOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${typeof error}`;
  const place = /at (?:async )?([\w.$<>]+) /.exec(error.stack?.split('\n')[1] ?? '')?.[1] ?? '';
  const words = error.message.replace(/\d+|"[^"]*"|'[^']*'/g, '…').slice(0, 60);
  return `${error.name} in ${place}: ${words}`;
}

/** Leaves out what is not needed for the problem. */
async function minimize(
  input: Uint8Array,
  problem: string,
  attempt: (input: Uint8Array) => Promise<string | undefined>,
): Promise<Uint8Array> {
  let smallest = Buffer.from(input);
  let tries = 0;
  for (let size = smallest.length >> 1; size > 0; size >>= 1)
    for (let at = 0; at + size <= smallest.length && tries < 2000;) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      tries++;
      if ((await attempt(shorter)) === problem) smallest = shorter;
      else at += size;
    }
  return smallest;
}

/** Files outside of the scratch folder that were opened; filled as that happens. */
function watchOpened(folder: string): string[] {
  const opened: string[] = [];
  const root = resolve(folder) + sep;
  const note = (path: unknown): void => {
    if (typeof path !== 'string') return;
    if (!resolve(path).startsWith(root)) opened.push(path);
  };
  for (const [module, names] of [
    [fs, ['open', 'openSync', 'readFile', 'readFileSync', 'createReadStream']],
    [fsp, ['open', 'readFile']],
  ] as const) {
    const functions = module as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of names) {
      const original = functions[name];
      functions[name] = (...args) => {
        note(args[0]);
        return original(...args);
      };
    }
  }
  return opened;
}

/** Inputs with the same name are the same. */
function nameOf(input: Uint8Array): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 12);
}

if (isMainThread)
  void watch(JSON.parse(process.argv[2] ?? '{}') as Omit<Setup, 'shared' | 'avoid'>);
else void fuzz(workerData as Setup);
