// What the benchmarks of several processes share: models, one `nlvr bench`, tables that go into the documentation.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import prettier from 'prettier';
import { root } from '../scripts/steps.mjs';

/** The value of a flag of this script. */
export function flag(name, fallback) {
  const at = process.argv.indexOf(name);
  if (at < 0) return fallback;
  const value = process.argv[at + 1];
  if (value === undefined) throw new Error(`${name} needs a value`);
  return value;
}

export const hasFlag = (name) => process.argv.includes(name);
/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
export const machine = () => `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads`;

/** A model from scratch whose encoders have the same width. */
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

/** Configuration, and examples a process takes in a step. */
export const models = {
  base: { batch: 1, config: { image_size: 384, vit: 'base' } },
  medium: { batch: 4, config: encoders(384, 12, 12) },
  small: { batch: 8, config: encoders(192, 6, 8) },
};

/** Models that `--only` names. */
export function chosen(fallback) {
  const names = flag('--only', fallback).split(',');
  const unknown = names.find((name) => !(name in models));
  if (unknown !== undefined)
    throw new Error(`--only: there is no model ${unknown}; known are ${Object.keys(models)}`);
  return names;
}

const scratch = mkdtempSync(join(tmpdir(), 'nlvr-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** Processes under way, ended with this script. */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/**
 * One `nlvr bench` of a model.
 * @param before programs in front of it, as `ip netns exec …`
 * @returns its result; of a rank other than 0, which says nothing, undefined
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
  let [output, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (said += chunk));
  const end = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
  running.delete(child);
  if (end !== 0) throw new Error(`nlvr bench ended with ${end}: ${said}`);
  return output.trim() === '' ? undefined : JSON.parse(output);
}

/** A Markdown table. */
export const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Puts text between `<!-- name: begin … -->` and `<!-- name: end -->` of a document, formatted as the others. */
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
