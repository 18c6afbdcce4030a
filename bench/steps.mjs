// Steps of the trainer and of PyTorch, side by side, on the same weights and inputs: part of `npm run bench`.
// Ratios are what counts; the two take turns, so a machine that slows down slows both.
// Flags: --rounds N (default 3), --steps N (default 3), --only base-1,small, --json FILE
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pytorch, TORCH } from '../scripts/pytorch.mjs';

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
/** As configs/sample.yaml: too small to keep two cores busy, so the cost of a program apart from its matrix products shows. */
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
];
const only = flag('--only')?.split(',');
const wanted = cases.filter(({ name }) => !only || only.some((part) => name.includes(part)));

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', cwd: root, maxBuffer: 1 << 26 });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${result.stderr}`);
  return JSON.parse(result.stdout.trim().split('\n').at(-1));
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const interpreter = pytorch();
const scratch = mkdtempSync(join(tmpdir(), 'nlvr-bench-'));
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
    const ours = [];
    const theirs = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(
        run(process.execPath, [
          'dist/cli.js',
          'bench',
          '--config',
          config,
          '--batch',
          String(c.batch),
          '--length',
          String(length),
          '--steps',
          steps,
          '--weights',
          weights,
          '--json',
        ]),
      );
      theirs.push(run(interpreter, ['bench/blip_nlvr.py', weights, shape, steps, c.precision]));
    }
    const difference = Math.abs(ours[0].loss - theirs[0].loss);
    if (difference > (c.precision === 'fp32' ? 1e-4 : 3e-2))
      throw new Error(
        `${c.name}: not like with like, losses ${ours[0].loss} and ${theirs[0].loss}`,
      );
    const ratio = (key) => median(theirs.map((t, i) => t[key] / ours[i][key]));
    const row = {
      case: c.name,
      'step s': median(ours.map((o) => o.step)),
      'PyTorch s': median(theirs.map((t) => t.step)),
      speedup: ratio('step'),
      'eval s': median(ours.map((o) => o.evaluation)),
      'PyTorch eval s': median(theirs.map((t) => t.evaluation)),
      'eval speedup': ratio('evaluation'),
      'peak GB': median(ours.map((o) => o.peakBytes)) / 1e9,
      'PyTorch GB': median(theirs.map((t) => t.peakBytes)) / 1e9,
      'memory share': median(ours.map((o, i) => o.peakBytes / theirs[i].peakBytes)),
    };
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
