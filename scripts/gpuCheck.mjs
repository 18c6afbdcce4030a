// `npm run test:gpu`: checks and measurements on an NVIDIA GPU that are required before "experimental" is removed, as one
// JSON report.
//   --bundle        only builds dist/gpu-check.js: a machine without a network then needs only dist/, bench/,
//                   scripts/gpuCheck.mjs, test/fixtures, the packages koffi and sharp, and TensorFlow (NLVR_TF_DIR).
//   --out FILE      the report, rewritten after every step (default gpu-check.json)
//   --python FILE   a Python with PyTorch and safetensors, for comparison
//   --batches 16,64 --steps 5
// Without a GPU, the numerical checks and the comparison of a small model with PyTorch run on the CPU, which the report
// notes.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const program = join('dist', 'gpu-check.js');

async function bundle() {
  const { build } = await import('esbuild');
  await build({
    entryPoints: ['test/gpu/goldenCheck.ts'],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
    external: ['koffi', 'sharp'],
    supported: { 'dynamic-import': false },
    // Fixtures are relative to the working folder.
    define: { 'import.meta.url': '__bundleUrl', __dirname: '__testFolder' },
    banner: {
      js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href; const __testFolder = require('node:path').resolve('test/parity');",
    },
  });
}
if (process.argv.includes('--bundle')) {
  await bundle();
  console.log(program);
  process.exit(0);
}
if (!existsSync(program)) await bundle();

const out = option('out', 'gpu-check.json');
const steps = option('steps', '5');
const batches = option('batches', '16,64').split(',');
const python = option('python', undefined);
const scratch = mkdtempSync(join(tmpdir(), 'nlvr-gpu-check-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const smi = (query) => {
  try {
    const args = [`--query-gpu=${query}`, '--format=csv,noheader,nounits'];
    return execFileSync('nvidia-smi', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split('\n');
  } catch {
    return [];
  }
};
const gpus = smi('name,compute_cap,memory.total,driver_version');
const report = {
  began: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model ?? '',
  gpus,
  seenOnGpu: gpus.length > 0,
  steps: [],
};
const write = () => writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`);

/** Runs a program whose last line of output is JSON. */
function json(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 28 };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      try {
        if (error) throw error;
        resolve(JSON.parse(stdout.trim().split('\n').at(-1)));
      } catch {
        const end = error?.signal ?? child.exitCode;
        reject(new Error(`ended with ${end}: ${stderr.trim().slice(-2000)}`));
      }
    });
    child.stdin?.end();
  });
}

/** Runs a step and writes its result, also if it fails, before the next one starts. */
async function step(name, run) {
  const entry = { name };
  report.steps.push(entry);
  const began = performance.now();
  try {
    Object.assign(entry, await run());
  } catch (error) {
    Object.assign(entry, { ok: false, error: error.message });
  }
  entry.seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  write();
  const { ok = true } = entry;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${entry.seconds} s)`);
  if (entry.error) console.log(`       ${entry.error.split('\n')[0]}`);
}

const device = gpus.length > 0 ? 'gpu' : 'cpu';
const node = (args, env) => json(process.execPath, args, env);

await step('runtime', async () => {
  const status = await node(['dist/cli.js', 'runtime', 'status', '--json']);
  return { ok: true, status };
});

/** Maximum difference of logits, loss and the losses of five AdamW steps from BLIP's in fp32. */
const TOLERANCE = { fp32: 1e-4, bf16: 3e-2, fp16: 4e-3 };
for (const model of ['tiny-a', 'tiny-b'])
  for (const [precision, max] of Object.entries(TOLERANCE))
    await step(`${model} in ${precision} on the ${device}`, async () => {
      // Otherwise NVIDIA's libraries use TF32 for fp32.
      const result = await node([program, model, precision, device], { NVIDIA_TF32_OVERRIDE: '0' });
      const near = ['logits', 'loss', 'adamW'].every((key) => result[key] <= max);
      const where = result.device.toLowerCase() === device;
      return { ok: near && where, tolerance: max, ...result };
    });

/** A configuration file. */
function configuration(model, precision, xla) {
  const file = join(scratch, `${precision}-${xla}.yaml`);
  const config = { ...model, vit_grad_ckpt: false, device, precision, xla };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Runs a step and adds the peak memory usage of the first GPU to its result. */
async function withMemory(run) {
  let most = 0;
  const sampleMemory = () => (most = Math.max(most, Number(smi('memory.used')[0] ?? 0)));
  const timer = setInterval(sampleMemory, 250);
  try {
    return { ...(await run()), gpuMiB: most };
  } finally {
    clearInterval(timer);
  }
}
const bench = (config, batch, ...flags) =>
  node([
    'dist/cli.js',
    'bench',
    '--config',
    config,
    '--json',
    '--steps',
    steps,
    '--batch',
    batch,
    ...flags,
  ]);

/** Steps of this trainer and of PyTorch on the same weights, for each precision; both must have the same loss before training. */
async function compare(model, batch, precisions, modes, xlaSettings) {
  const weights = join(scratch, 'weights.safetensors');
  const shape = join(scratch, 'shape.json');
  const { name, config, ...sizes } = model;
  for (const precision of precisions) {
    let ours;
    for (const xla of xlaSettings)
      await step(`${name}, batch ${batch}, ${precision}${xla ? ', XLA' : ''}`, async () => {
        const file = configuration(config, precision, xla);
        const flags = ['--length', '24', '--weights', weights];
        const result = await withMemory(() => bench(file, batch, ...flags));
        ours ??= result;
        return result;
      });
    if (python === undefined) continue;
    const more = { batch: Number(batch), length: 24, drop_path_rate: 0.1, lr: 3e-5 };
    writeFileSync(shape, JSON.stringify({ ...sizes, ...more }));
    const torchDevice = device === 'gpu' ? 'cuda' : 'cpu';
    for (const mode of modes)
      await step(`PyTorch ${mode}, ${name}, batch ${batch}, ${precision}`, async () => {
        const args = ['bench/blip_nlvr.py', weights, shape, steps, precision, torchDevice, mode];
        const torchResult = await withMemory(() => json(python, args));
        const lossDifference = Math.abs(torchResult.loss - (ours?.loss ?? NaN));
        const most = TOLERANCE[precision] ?? TOLERANCE.bf16;
        return { ok: lossDifference <= most, tolerance: most, lossDifference, ...torchResult };
      });
  }
}

function textOf(width, layers) {
  return {
    ...{ hidden_size: width, num_hidden_layers: layers, num_attention_heads: width / 64 },
    ...{ intermediate_size: 4 * width, encoder_width: width, vocab_size: 30524 },
    ...{ max_position_embeddings: 512, layer_norm_eps: 1e-12 },
    ...{ hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 },
  };
}

if (gpus.length === 0) {
  if (python !== undefined) {
    const [vit, text] = [{ width: 64, depth: 2, heads: 1, patch_size: 16 }, textOf(64, 7)];
    const config = { image_size: 48, vit, med_config: text };
    const tiny = { name: 'tiny', config, image_size: 48, vit, text };
    await compare(tiny, '2', ['fp32', 'bf16', 'fp16'], ['eager'], [false]);
  }
  report.ended = new Date().toISOString();
  report.note = 'There is no NVIDIA GPU: nothing was checked or measured on one.';
  write();
  console.log(`\n${report.note}\n${out}`);
  process.exit(report.steps.every(({ ok = true }) => ok) ? 0 : 1);
}

await step('devices of the operations of a training step', async () => {
  const { profile } = await bench(configuration({}, 'fp32', false), '4', '--profile');
  const onCpu = {};
  for (const { op, device } of profile) if (!/gpu/i.test(device)) onCpu[op] = (onCpu[op] ?? 0) + 1;
  return { operations: profile.length, onCpu };
});

const vit = { width: 768, depth: 12, heads: 12, patch_size: 16 };
const base = { name: 'base', config: {}, image_size: 384, vit, text: textOf(768, 12) };
for (const batch of batches)
  await compare(base, batch, ['fp32', 'tf32', 'bf16', 'fp16'], ['eager', 'compile'], [false, true]);

await step('two ranks', () =>
  gpus.length < 2
    ? { ok: true, skipped: 'A rank takes a GPU of its own, and there is one.' }
    : bench(configuration({}, 'fp32', false), '8', '--nproc_per_node', '2'),
);
report.ended = new Date().toISOString();
write();
console.log(out);
process.exit(report.steps.every(({ ok = true }) => ok) ? 0 : 1);
