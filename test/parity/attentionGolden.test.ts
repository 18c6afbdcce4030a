/** Cross-attention maps and their gradients against PyTorch's: fixture attention (test/fixtures/README.md). */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { attentionMap } from '../../src/model/attentionMaps';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import type { NlvrModelConfig } from '../../src/model/config';
import type { Values } from '../../src/runtime/trace/program';
import type { Session } from '../../src/runtime/session';
import { attentionName, NlvrPrograms } from '../../src/train/programs';
import {
  type Batch,
  type Golden,
  configOf,
  distance,
  fixture,
  l2,
  loadInto,
  openSession,
  readInputs,
  readJson,
} from './support';

vi.setConfig({ testTimeout: 300_000 });

const [ON_FALSE, ON_TRUE, ON_ANSWER] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

describe.each(['tiny-a', 'tiny-b'])('%s', (folder) => {
  const golden = readJson<Golden>(folder, 'expected.json');
  let config: NlvrModelConfig;
  let session: Session;
  let batch: Batch;
  let explain: (wanted: readonly number[][]) => Promise<Values>;
  const expected = new Map<string, Float32Array>();

  beforeAll(async () => {
    config = configOf(folder, golden.meta.image_size, golden.meta.vit);
    session = await openSession({ sharded: false });
    await loadInto(session, config, fixture(folder, 'model.pth'));
    batch = await readInputs(folder, config.imageSize);
    const { n, length, images, inputIds, attentionMask } = batch;
    const file = await openCheckpoint(fixture('attention', `${folder}.safetensors`));
    for (const name of file.tensors.keys()) expected.set(name, await file.read(name));
    await file.close();
    const programs = new NlvrPrograms(session, config, {
      training: { weight_decay: 0, grad_clip: 0, accumulate_steps: 1, gradient_precision: 'fp32' },
      trainable: [],
      frozenVit: false,
      pixels: 'float32',
    });
    programs.reserveSlots(2 * n);
    const slots = Int32Array.from({ length: 2 * n }, (_, i) => i);
    await programs.encodingProgram(2 * n).run({ images, slots });
    explain = (wanted) =>
      programs.explanationProgram(n, length).run({
        left: slots.slice(0, n),
        right: slots.slice(n),
        inputIds,
        attentionMask,
        wanted: Float32Array.from(wanted.flat()),
      });
  });
  afterAll(() => session.dispose());

  const each = (wanted: number[]): number[][] => Array.from({ length: batch.n }, () => wanted);
  const gradients = (values: Values): Float32Array[] =>
    [...expected.keys()]
      .filter((name) => name.endsWith('.gradient'))
      .map((name) => values[name] as Float32Array);

  it('has the probabilities, the gradients of “True”, and the maps of both', async () => {
    const values = await explain(each(ON_TRUE));
    expect(distance(values['logits'], golden.logits.flat())).toBeLessThan(1e-5);
    const { layers, heads } = config.text;
    expect(expected.size).toBe(4 * layers);
    for (let layer = 0; layer < layers; layer++)
      for (const image of [0, 1] as const) {
        const name = attentionName(layer, image);
        const read = (from: (of: string) => Float32Array) => ({
          probabilities: from(`${name}.probabilities`),
          gradient: from(`${name}.gradient`),
        });
        const ours = read((of) => values[of] as Float32Array);
        const expectedGradients = read((of) => expected.get(of) ?? new Float32Array(0));
        expect(distance(ours.probabilities, expectedGradients.probabilities), name).toBeLessThan(
          1e-5,
        );
        const error = ours.gradient.map((value, i) => value - expectedGradients.gradient[i]);
        expect(l2(error) / l2(expectedGradients.gradient), name).toBeLessThan(1e-4);

        // The README of the fixture, written out: mean over heads of p[t, 1:] · max(g[t, 1:], 0).
        const { n, length } = batch;
        const tokens = expectedGradients.gradient.length / (n * heads * length);
        const area = heads * length * tokens;
        for (let pair = 0; pair < n; pair++)
          for (let token = 0; token < length; token++) {
            const of = (array: Float32Array) => array.subarray(pair * area, (pair + 1) * area);
            const attention = {
              heads,
              length,
              imageTokens: tokens,
              probabilities: of(ours.probabilities),
              gradient: of(ours.gradient),
            };
            const reference = Array.from({ length: tokens - 1 }, (_, patch) => {
              let sum = 0;
              for (let head = 0; head < heads; head++) {
                const at = pair * area + (head * length + token) * tokens + patch + 1;
                sum +=
                  expectedGradients.probabilities[at] * Math.max(expectedGradients.gradient[at], 0);
              }
              return sum / heads;
            });
            const map = attentionMap(attention, 'gradcam', [token], undefined);
            const scale = Math.max(...reference);
            expect(distance(map, reference), `${name}, token ${token}`).toBeLessThan(1e-5);
            expect(distance(map, reference), `${name}, token ${token}`).toBeLessThanOrEqual(
              2e-4 * scale + 1e-12,
            );
          }
      }
  });

  it('explains the other answer, or the predicted one', async () => {
    const [onTrue, onFalse, onAnswer] = await Promise.all(
      [ON_TRUE, ON_FALSE, ON_ANSWER].map((wanted) => explain(each(wanted))),
    );
    const { n } = batch;
    gradients(onAnswer).forEach((gradient, i) => {
      const area = gradient.length / n;
      for (let pair = 0; pair < n; pair++) {
        const [isFalse, isTrue] = golden.logits[pair];
        const same = gradients(isTrue > isFalse ? onTrue : onFalse)[i];
        const of = (array: Float32Array) => array.subarray(pair * area, (pair + 1) * area);
        expect(distance(of(gradient), of(same))).toBeLessThan(1e-6);
      }
    });
    const difference = gradients(onTrue)[0].map((value, i) => value - gradients(onFalse)[0][i]);
    expect(l2(difference)).toBeGreaterThan(1e-3 * l2(gradients(onTrue)[0]));
  });
});
