// Compares training steps of several processes with one process on this machine: part of `npm run bench -- ranks`.
// For each model: one process with all threads and the total batch; two processes that share the threads, with and without
// overlap of communication and backward pass, and with gradients in bf16; and two independent processes, which shows the
// cost of sharing the machine without communication.
// Flags: --only base,small  --steps N (default 5)  --rounds N (default 3)  --json FILE  --write (docs/benchmarks.md)
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  bench,
  selectedModels,
  flag,
  hasFlag,
  machine,
  median,
  models,
  rewrite,
  table,
} from './shared.mjs';

const rounds = Number(flag('--rounds', 3));
const steps = flag('--steps', '5');
const PROCESSES = 2;
const all = availableParallelism();
const threads = Math.max(1, Math.floor(all / PROCESSES));
const ranks = ['--nproc_per_node', String(PROCESSES)];

/** Medians of a model, in seconds. */
async function measure(name) {
  const { batch } = models[name];
  const run = (size, ...flags) => bench(name, size, ['--steps', steps, ...flags]);
  const times = { one: [], apart: [], overlap: [], after: [], bf16: [] };
  let bytes = 0;
  // Interleave the measurements, so that a slower machine affects all of them.
  for (let round = 0; round < rounds; round++) {
    times.one.push((await run(batch * PROCESSES)).step);
    const alone = () => run(batch, '--set', `threads=${threads}`);
    times.apart.push(Math.max(...(await Promise.all([alone(), alone()])).map(({ step }) => step)));
    const overlapped = await run(batch, ...ranks);
    times.overlap.push(overlapped.step);
    bytes = overlapped.gradientBytes;
    times.after.push((await run(batch, ...ranks, '--no_overlap')).step);
    times.bf16.push((await run(batch, ...ranks, '--set', 'gradient_precision=bf16')).step);
  }
  const medians = Object.fromEntries(
    Object.entries(times).map(([key, values]) => [key, median(values)]),
  );
  return { name, batch, bytes, ...medians };
}

const results = [];
for (const name of selectedModels('base,small')) results.push(await measure(name));

const seconds = (value) => `${value.toFixed(2)} s`;
const ms = (value) => `${Math.round(1000 * value)} ms`;
const row = (what, cell) => [what, ...results.map(cell)];
const text = [
  `${machine()}; medians of ${rounds} round${rounds === 1 ? '' : 's'} of ${steps} steps.`,
  '',
  table(
    ['step of', ...results.map(({ name }) => name)],
    [
      row('examples', ({ batch }) => batch * PROCESSES),
      row('bytes of gradients', ({ bytes }) => `${(bytes / 1e6).toFixed(0)} MB`),
      row(`one process, ${all} threads`, ({ one }) => seconds(one)),
      row(`two processes, ${threads} thread each, without communication`, ({ apart }) =>
        seconds(apart),
      ),
      row('two ranks', ({ overlap }) => seconds(overlap)),
      row('two ranks, gradients sent at the end', ({ after }) => seconds(after)),
      row('two ranks, gradients in bf16', ({ bf16 }) => seconds(bf16)),
      row('throughput of two ranks relative to one process', (r) => (r.one / r.overlap).toFixed(2)),
      row('cost of sharing the machine (negative: a gain)', ({ apart, one }) => ms(apart - one)),
      row('communication: not hidden', ({ overlap, apart }) => ms(overlap - apart)),
      row('communication: hidden by overlap', ({ after, overlap }) => ms(after - overlap)),
    ],
  ),
].join('\n');
console.log(text);
const json = flag('--json');
if (json) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
if (hasFlag('--write')) await rewrite('benchmarks.md', 'ranks', text);
