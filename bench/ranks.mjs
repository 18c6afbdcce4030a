// Training steps of several processes next to one, on this machine: part of `npm run bench -- ranks`.
// For each model: one process with all threads and the batch of all; two processes that share the threads, with and
// without overlap of communication and backward pass, and with gradients in bf16; and two processes side by side that
// do not talk to each other, which shows what sharing the machine costs without any communication.
// Flags: --only base,small  --steps N (default 5)  --rounds N (default 3)  --json FILE
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const flag = (name, fallback) =>
  process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : fallback;
const rounds = Number(flag('--rounds', 3));
const steps = flag('--steps', '5');
const PROCESSES = 2;

const text = {
  vocab_size: 30524,
  max_position_embeddings: 512,
  layer_norm_eps: 1e-12,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
};
const models = {
  base: { batch: 1, config: { image_size: 384, vit: 'base' } },
  small: {
    batch: 8,
    config: {
      image_size: 96,
      vit: { width: 192, depth: 6, heads: 3, patch_size: 16 },
      med_config: {
        ...text,
        hidden_size: 192,
        num_hidden_layers: 8,
        num_attention_heads: 3,
        intermediate_size: 768,
        encoder_width: 192,
      },
    },
  },
};

const scratch = mkdtempSync(join(tmpdir(), 'nlvr-ranks-'));
const threads = Math.max(1, Math.floor(availableParallelism() / PROCESSES));

/** One `nlvr bench` of a model. @returns its result */
function bench(name, batch, ...flags) {
  const file = join(scratch, `${name}.yaml`);
  writeFileSync(file, JSON.stringify({ ...models[name].config, precision: 'fp32' }));
  const args = [
    join(root, 'dist', 'cli.js'),
    'bench',
    '--config',
    file,
    '--json',
    '--steps',
    steps,
  ];
  const child = spawn(process.execPath, [...args, '--batch', String(batch), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) =>
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`nlvr bench failed: ${code}`)),
    ),
  );
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ranks = ['--nproc_per_node', String(PROCESSES)];
const seconds = (value) => value.toFixed(3);
const ms = (value) => `${Math.round(1000 * value)} ms`;

async function measure(name) {
  const { batch } = models[name];
  const times = { one: [], apart: [], overlap: [], after: [], bf16: [] };
  const own = [];
  let bytes = 0;
  // They take turns, so that a machine that slows down slows all of them.
  for (let round = 0; round < rounds; round++) {
    times.one.push((await bench(name, batch * PROCESSES)).step);
    const alone = () => bench(name, batch, '--set', `threads=${threads}`);
    times.apart.push(Math.max(...(await Promise.all([alone(), alone()])).map(({ step }) => step)));
    const overlapped = await bench(name, batch, ...ranks);
    times.overlap.push(overlapped.step);
    own.push(overlapped.ownStep);
    bytes = overlapped.gradientBytes;
    times.after.push((await bench(name, batch, ...ranks, '--no_overlap')).step);
    times.bf16.push((await bench(name, batch, ...ranks, '--set', 'gradient_precision=bf16')).step);
  }
  const { one, apart, overlap, after, bf16 } = Object.fromEntries(
    Object.entries(times).map(([key, values]) => [key, median(values)]),
  );
  return { name, batch, bytes, one, apart, overlap, after, bf16, own: median(own) };
}

const only = flag('--only', Object.keys(models).join(',')).split(',');
console.log(
  `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads; medians of ${rounds} rounds of ${steps} steps\n`,
);
const results = [];
try {
  for (const name of only) {
    const r = await measure(name);
    results.push(r);
    const exposed = r.overlap - r.apart;
    const all = r.after - r.apart;
    console.log(
      [
        `${name}: ${(r.bytes / 1e6).toFixed(0)} MB of gradients, ${r.batch} examples a process`,
        `  one process, ${availableParallelism()} threads, batch ${r.batch * PROCESSES}     ${seconds(r.one)} s`,
        `  two processes, ${threads} thread each, that do not talk  ${seconds(r.apart)} s`,
        `  two ranks                                     ${seconds(r.overlap)} s, ${(r.one / r.overlap).toFixed(2)} of one process's throughput`,
        `  two ranks, gradients sent at the end          ${seconds(r.after)} s`,
        `  two ranks, gradients in bf16                  ${seconds(r.bf16)} s`,
        `  communication ${ms(all)}: ${ms(all - exposed)} hidden behind the backward pass, ${ms(exposed)} not`,
        '',
      ].join('\n'),
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const json = flag('--json');
if (json) writeFileSync(json, JSON.stringify(results, null, 2));
