// Common parts of the benchmarks with several processes: models, one `nlvr bench`, tables in the documentation.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import prettier from 'prettier';
import { root } from '../scripts/steps.mjs';

/** Returns the value of a flag of this script. */
export function flag(name, fallback) {
  const at = process.argv.indexOf(name);
  if (at < 0) return fallback;
  const value = process.argv[at + 1];
  if (value === undefined) throw new Error(`${name} needs a value`);
  return value;
}

export const hasFlag = (name) => process.argv.includes(name);
/** Median; for an even count, the mean of the two middle values. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
export const machine = () => `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads`;

/** Configuration of a small model whose encoders have the same width. */
const encoders = (width, depth, layers) => ({
  image_size: 96,
  vit: { width, depth, heads: width / 64, patch_size: 16 },
  med_config: {
    vocab_size: 30524,
    max_position_embeddings: 512,
    layer_norm_eps: 1e-12,
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: width / 64,
    intermediate_size: 4 * width,
    encoder_width: width,
  },
});

/** Configurations, and the batch size per process. */
export const models = {
  base: { batch: 1, config: { image_size: 384, vit: 'base' } },
  medium: { batch: 4, config: encoders(384, 12, 12) },
  small: { batch: 8, config: encoders(192, 6, 8) },
};

/** Models selected with `--only`. */
export function selectedModels(fallback) {
  const names = flag('--only', fallback).split(',');
  const unknown = names.find((name) => !(name in models));
  if (unknown !== undefined)
    throw new Error(`--only: there is no model ${unknown}; known are ${Object.keys(models)}`);
  return names;
}

const scratch = mkdtempSync(join(tmpdir(), 'nlvr-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** Running processes, which are ended with this script. */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/**
 * Runs `nlvr bench` for a model.
 * @param before command prefix, such as `ip netns exec …`
 * @returns its result; undefined for ranks other than 0, which print nothing
 */
export async function bench(name, batch, flags, { before = [], env = {} } = {}) {
  const file = join(scratch, `${name}.yaml`);
  writeFileSync(file, JSON.stringify({ ...models[name].config, precision: 'fp32' }));
  const [program, ...args] = [
    ...before,
    process.execPath,
    join(root, 'dist', 'cli.js'),
    ...['bench', '--config', file, '--json', '--batch', String(batch), ...flags],
  ];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (errors += chunk));
  const end = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
  running.delete(child);
  if (end !== 0) throw new Error(`nlvr bench ended with ${end}: ${errors}`);
  return output.trim() === '' ? undefined : JSON.parse(output);
}

/** Formats a Markdown table. */
export const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Replaces the text between `<!-- name: begin … -->` and `<!-- name: end -->` in a document and formats it. */
export async function rewrite(document, name, text) {
  const path = join(root, 'docs', document);
  const old = readFileSync(path, 'utf8');
  const section = new RegExp(`(<!-- ${name}: begin[^>]*-->)[^]*(<!-- ${name}: end -->)`);
  if (!section.test(old)) throw new Error(`${path} has no section ${name}`);
  const options = await prettier.resolveConfig(path);
  const marked = old.replace(section, (_, begin, end) => `${begin}\n\n${text}\n\n${end}`);
  writeFileSync(path, await prettier.format(marked, { ...options, filepath: path }));
  console.log(`rewrote ${name} in docs/${document}`);
}
