// Compares steps of the trainer and of PyTorch on the same weights and inputs: part of `npm run bench`.
// The ratios are relevant; measurements are interleaved, so that a slower machine affects both.
// If PyTorch cannot compile (it needs a C++ compiler), the cells of torch.compile contain the reason.
// Shares are relative to the throughput of TensorFlow's matrix products in the model's shapes with the same threads: the
// counted matrix products of each trainer divided by its time.
// Flags: --rounds N (default 3), --steps N (default 3), --only base-1,small, --json FILE
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pytorch, TORCH } from '../scripts/pytorch.mjs';
import { stepsRow } from './stepsRow.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const flag = (name, fallback) =>
  process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : fallback;
const rounds = Number(flag('--rounds', 3));
const steps = flag('--steps', '3');

const base = {
  image_size: 384,
  vit: { width: 768, depth: 12, heads: 12, patch_size: 16 },
  text: {
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    intermediate_size: 3072,
    encoder_width: 768,
    vocab_size: 30524,
    max_position_embeddings: 512,
    layer_norm_eps: 1e-12,
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
  },
};
const small = {
  image_size: 96,
  vit: { width: 192, depth: 6, heads: 3, patch_size: 16 },
  text: {
    ...base.text,
    hidden_size: 192,
    num_hidden_layers: 8,
    num_attention_heads: 3,
    intermediate_size: 768,
    encoder_width: 192,
  },
};
/** As configs/sample.yaml: too small to keep two cores busy, so it shows the overhead outside of matrix products. */
const sample = {
  image_size: 36,
  vit: { width: 64, depth: 1, heads: 4, patch_size: 12 },
  drop_path_rate: 0,
  text: {
    ...base.text,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 256,
    encoder_width: 64,
    max_position_embeddings: 64,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  },
};
const cases = [
  { name: 'base-1-fp32', ...base, batch: 1, precision: 'fp32' },
  { name: 'base-2-fp32', ...base, batch: 2, precision: 'fp32' },
  { name: 'base-1-bf16', ...base, batch: 1, precision: 'bf16' },
  { name: 'base-2-bf16', ...base, batch: 2, precision: 'bf16' },
  { name: 'small-16-fp32', ...small, batch: 16, precision: 'fp32' },
  { name: 'small-16-bf16', ...small, batch: 16, precision: 'bf16' },
  { name: 'sample-32-fp32', ...sample, batch: 32, precision: 'fp32' },
  { name: 'sample-32-bf16', ...sample, batch: 32, precision: 'bf16' },
];
const only = flag('--only')?.split(',');
const wanted = cases.filter(({ name }) => !only || only.some((part) => name.includes(part)));

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', cwd: root, maxBuffer: 1 << 26, env });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${result.stderr}`);
  return JSON.parse(result.stdout.trim().split('\n').at(-1));
}

const interpreter = pytorch();
const scratch = mkdtempSync(join(tmpdir(), 'nlvr-bench-'));
// Empty at first, so that the first round includes the compilation; later rounds use the cache.
const env = { ...process.env, TORCHINDUCTOR_CACHE_DIR: join(scratch, 'inductor') };
const length = 24;
const rows = [];
try {
  for (const c of wanted) {
    const config = join(scratch, 'nlvr.yaml');
    const shape = join(scratch, 'shape.json');
    const weights = join(scratch, 'weights.safetensors');
    const { encoder_width: _, ...text } = c.text;
    writeFileSync(
      config,
      JSON.stringify({
        image_size: c.image_size,
        vit: c.vit,
        vit_grad_ckpt: false,
        drop_path_rate: c.drop_path_rate ?? 0.1,
        precision: c.precision,
        med_config: { ...text, encoder_width: c.vit.width },
        batch_size_train: c.batch,
      }),
    );
    writeFileSync(
      shape,
      JSON.stringify({
        image_size: c.image_size,
        vit: c.vit,
        text: c.text,
        batch: c.batch,
        length,
        drop_path_rate: c.drop_path_rate ?? 0.1,
        lr: 3e-5,
      }),
    );
    const turns = { ours: [], eager: [], compiled: [] };
    const python = (mode) =>
      run(interpreter, ['bench/blip_nlvr.py', weights, shape, steps, c.precision, 'cpu', mode]);
    const trainer = (...flags) =>
      run(process.execPath, [
        ...['dist/cli.js', 'bench', '--config', config, '--json', '--batch', String(c.batch)],
        ...['--length', String(length), '--steps', steps, ...flags],
      ]);
    for (let round = 0; round < rounds; round++) {
      turns.ours.push(trainer('--weights', weights));
      turns.eager.push(python('eager'));
      // Do not retry a failed compilation.
      if (round === 0 || !turns.compiled[0].error) turns.compiled.push(python('compile'));
    }
    const difference = (torchRounds) => Math.abs(turns.ours[0].loss - torchRounds[0].loss);
    const bound = c.precision === 'fp32' ? 1e-4 : 3e-2;
    for (const torchRounds of [turns.eager, turns.compiled])
      if (!torchRounds[0].error && !(difference(torchRounds) <= bound))
        throw new Error(
          `${c.name}: not like with like, losses ${turns.ours[0].loss} and ${torchRounds[0].loss}`,
        );
    const limits = [...new Set([1, availableParallelism()])].map((threads) =>
      trainer('--throughput', '--set', `threads=${threads}`),
    );
    const row = stepsRow(c.name, turns, limits);
    rows.push(row);
    console.log(
      Object.entries(row)
        .map(([k, v]) => `${k} ${typeof v === 'number' ? v.toPrecision(3) : v}`)
        .join('  '),
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(
  `\n${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, PyTorch ${TORCH}; medians of ${rounds} rounds of ${steps} steps.`,
);
const out = flag('--json');
if (out) writeFileSync(out, JSON.stringify(rows, null, 2));
