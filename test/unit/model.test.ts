import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blipMedConfig } from '../../src/config/medConfig';
import {
  type ModelKeys,
  type NlvrModelConfig,
  modelConfig,
  readModelConfig,
} from '../../src/model/config';
import { initialParameters } from '../../src/model/initialize';
import { inEnglish } from '../../src/util/localize';
import { modelKeyValues } from '../../src/model/checkpointOrigin';
import { describeReport, isUnusualStart, planLoad } from '../../src/model/loadRules';
import {
  EMBEDDING_RNG_STREAM,
  textRngStream,
  textRngStreams,
  visionRngStream,
} from '../../src/model/modelContext';
import { parameterShapes } from '../../src/model/parameters';
import { modelSize } from '../../src/model/size';
import { resizePositionEmbedding } from '../../src/model/positionEmbedding';
import { dropPathRate } from '../../src/model/visionTransformer';

const blip: ModelKeys = {
  image_size: 384,
  vit: 'base',
  vit_grad_ckpt: true,
  vit_ckpt_layer: 0,
  drop_path_rate: 0.1,
  med_config: 'med_config.json',
};
const tiny = modelConfig(
  { ...blip, image_size: 32, vit: { width: 8, depth: 2, heads: 2, patch_size: 16 } },
  {
    ...blipMedConfig,
    hidden_size: 12,
    num_attention_heads: 3,
    num_hidden_layers: 7,
    intermediate_size: 16,
    vocab_size: 50,
    max_position_embeddings: 16,
  },
);

/** Number of trainable values. */
const parameterCount = (of: NlvrModelConfig): number =>
  [...parameterShapes(of).values()].reduce(
    (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );

describe('measures', () => {
  it("are BLIP's for its configuration", () => {
    const config = readModelConfig({ ...blip, max_words: 40 }, join(__dirname, '../../configs'));
    expect(parameterShapes(config).size).toBe(578);
    expect(parameterCount(config)).toBe(259_372_034);
    expect(config.text.imageWidth).toBe(768);
    expect(config.vision.checkpointedBlocks).toBe(0);
  });

  it('take the width of the images from `vit` regardless of the file', () => {
    const config = modelConfig({ ...blip, vit: 'large', vit_ckpt_layer: 99 }, { ...blipMedConfig });
    expect(config.text.imageWidth).toBe(1024);
    expect(config.vision.checkpointedBlocks).toBe(24);
    const shapes = parameterShapes(config);
    expect(shapes.get('text_encoder.encoder.layer.0.crossattention.self0.key.weight')).toEqual([
      768, 1024,
    ]);
  });

  it("are shipped as BLIP's file", () => {
    const file = join(__dirname, '../../configs/med_config.json');
    const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    expect(json).toMatchObject(blipMedConfig);
  });

  it.each([
    [{ image_size: 100 }, /`image_size` is 100.*`vit.patch_size`, 16/],
    [
      { vit: { width: 10, depth: 1, heads: 3, patch_size: 16 } },
      /`vit.width` is 10.*`vit.heads`, 3/,
    ],
  ])('report the keys that are inconsistent: %j', (change, message) => {
    expect(() => modelConfig({ ...blip, ...change }, { ...blipMedConfig })).toThrow(message);
  });

  it('raise the drop path rate linearly', () => {
    const config = { ...tiny.vision, depth: 12, dropPathRate: 0.1 };
    expect(dropPathRate(config, 0)).toBe(0);
    expect(dropPathRate(config, 5)).toBeCloseTo(0.0454545, 6);
    expect(dropPathRate(config, 11)).toBeCloseTo(0.1, 12);
    expect(dropPathRate({ ...config, depth: 1 }, 0)).toBe(0);
  });

  it('give every use of random numbers its own number', () => {
    const sites = [EMBEDDING_RNG_STREAM];
    for (let i = 0; i < 64; i++) {
      sites.push(visionRngStream(i, 0), visionRngStream(i, 1));
      for (const site of textRngStreams) sites.push(textRngStream(i, site));
    }
    expect(new Set(sites).size).toBe(sites.length);
  });
});

describe('initial parameters', () => {
  const all = new Map(initialParameters(tiny, 42, 0.02));

  it('cover every parameter with its shape', () => {
    for (const [name, shape] of parameterShapes(tiny))
      expect(all.get(name)?.length, name).toBe(shape.reduce((a, b) => a * b, 1));
    expect(all.size).toBe(parameterShapes(tiny).size);
  });

  it('depend on seed and name alone', () => {
    const name = 'cls_head.0.weight';
    const [[, alone] = []] = [...initialParameters(tiny, 42, 0.02, new Set([name]))];
    expect(alone).toEqual(all.get(name));
    const [[, other] = []] = [...initialParameters(tiny, 43, 0.02, new Set([name]))];
    expect(other).not.toEqual(alone);
  });

  it("are distributed as BLIP's", () => {
    const config = modelConfig(blip, { ...blipMedConfig });
    const drawn = (name: string, std = 0.02): Float32Array =>
      [...initialParameters(config, 1, std, new Set([name]))][0]?.[1] ?? new Float32Array();
    const moments = (values: Float32Array): [number, number, number] => {
      let sum = 0;
      let squares = 0;
      let largest = 0;
      for (const v of values) {
        sum += v;
        squares += v * v;
        largest = Math.max(largest, Math.abs(v));
      }
      return [sum / values.length, Math.sqrt(squares / values.length), largest];
    };
    const [mean, deviation] = moments(
      drawn('text_encoder.encoder.layer.3.intermediate.dense.weight'),
    );
    expect(Math.abs(mean)).toBeLessThan(1e-4);
    expect(deviation).toBeCloseTo(0.02, 4);
    // trunc_normal_ cuts at ±2, not at two deviations.
    expect(moments(drawn('visual_encoder.blocks.0.attn.qkv.weight'))[1]).toBeCloseTo(0.02, 4);
    expect(moments(drawn('visual_encoder.blocks.0.attn.qkv.weight', 1))[2]).toBeLessThanOrEqual(2);
    const bound = 1 / Math.sqrt(768);
    for (const name of ['visual_encoder.patch_embed.proj.weight', 'cls_head.0.weight']) {
      const [, spread, largest] = moments(drawn(name));
      expect(largest).toBeLessThanOrEqual(bound);
      expect(spread).toBeCloseTo(bound / Math.sqrt(3), 3);
    }
    expect(moments(drawn('cls_head.2.bias'))[2]).toBeGreaterThan(0);
    expect(moments(drawn('visual_encoder.blocks.0.mlp.fc1.bias'))).toEqual([0, 0, 0]);
    expect(new Set(drawn('visual_encoder.norm.weight'))).toEqual(new Set([1]));
    // The padding row is drawn too.
    expect(
      moments(drawn('text_encoder.embeddings.word_embeddings.weight').subarray(0, 768))[1],
    ).toBeCloseTo(0.02, 2);
  });
});

describe('load rules', () => {
  const contents = (
    change: (shapes: Map<string, readonly number[]>) => void = () => undefined,
  ): {
    path: string;
    tensors: Map<string, { shape: readonly number[]; type: 'F32' }>;
    metadata: Map<string, string>;
  } => {
    const shapes = new Map<string, readonly number[]>(parameterShapes(tiny));
    change(shapes);
    return {
      path: 'weights.pth',
      tensors: new Map([...shapes].map(([name, shape]) => [name, { shape, type: 'F32' as const }])),
      metadata: new Map(),
    };
  };
  const rename = (shapes: Map<string, readonly number[]>, from: RegExp, to: string): void => {
    for (const [name, shape] of [...shapes]) {
      if (!from.test(name)) continue;
      shapes.delete(name);
      shapes.set(name.replace(from, to), shape);
    }
  };

  it('report the keys that make it a different model; a larger image size is not one of them', () => {
    const origin = { model: { ...modelKeyValues(tiny), 'vit.heads': 1 }, run: 'fox', step: 9 };
    const loaded = (about: object) =>
      planLoad({ ...contents(), metadata: new Map([['nlvr', JSON.stringify(about)]]) }, tiny)
        .report;
    const report = loaded({ ...origin, epoch: 2 });
    expect(report.origin).toMatchObject({ run: 'fox', epoch: 2, step: 9 });
    expect(report.differences.map(({ key, trained }) => [key, trained])).toEqual([
      ['vit.heads', 1],
    ]);
    expect(isUnusualStart(report)).toBe(true);
    const smaller = loaded({ model: { ...modelKeyValues(tiny), image_size: 8 } });
    expect(smaller.differences.map(({ key }) => key)).toEqual(['image_size']);
    expect(isUnusualStart(smaller)).toBe(false);
    // Metadata of another program, or none, is not an error.
    expect(loaded({ model: 'x', epoch: 'y' }).origin).toMatchObject({ model: {}, epoch: null });
    expect(planLoad(contents(), tiny).report).toMatchObject({ origin: null, differences: [] });
  });

  it('load a checkpoint of the same model unchanged', () => {
    const { report, sources } = planLoad(contents(), tiny);
    expect(report).toMatchObject({
      missing: [],
      unexpected: [],
      unused: [],
      copied: [],
      resized: [],
    });
    expect(sources.size).toBe(parameterShapes(tiny).size);
  });

  it('copy a single cross-attention to both images', () => {
    const { report, sources } = planLoad(
      contents((shapes) => {
        for (const name of [...shapes.keys()])
          if (/self1\.|dense1\.|merge_layer|cls_head/.test(name)) shapes.delete(name);
        rename(shapes, /crossattention\.self0\./, 'crossattention.self.');
        rename(shapes, /crossattention\.output\.dense0\./, 'crossattention.output.dense.');
        shapes.set('temp', []);
      }),
      tiny,
    );
    const layer = 'text_encoder.encoder.layer.2.crossattention';
    expect(sources.get(`${layer}.self1.key.weight`)).toBe(`${layer}.self.key.weight`);
    expect(sources.get(`${layer}.output.dense0.bias`)).toBe(`${layer}.output.dense.bias`);
    expect(report.copied.length).toBe(7 * 8);
    expect(report.missing).toEqual([
      'text_encoder.encoder.layer.6.crossattention.output.merge_layer.weight',
      'text_encoder.encoder.layer.6.crossattention.output.merge_layer.bias',
      'cls_head.0.weight',
      'cls_head.0.bias',
      'cls_head.2.weight',
      'cls_head.2.bias',
    ]);
    expect(report.unused).toEqual([{ prefix: 'temp', count: 1 }]);
    expect(report.unexpected).toContain(`${layer}.self.key.weight`);
    expect(describeReport(report).map(inEnglish).join('\n')).toContain(
      'randomly initialized: text_encoder.encoder.layer.6',
    );
  });

  it('resize only position embeddings', () => {
    const { report } = planLoad(
      contents((shapes) => shapes.set('visual_encoder.pos_embed', [1, 10, 8])),
      tiny,
    );
    expect(report.resized).toEqual([
      { name: 'visual_encoder.pos_embed', from: [1, 10, 8], to: [1, 5, 8] },
    ]);
    expect(() =>
      planLoad(
        contents((shapes) => shapes.set('visual_encoder.pos_embed', [1, 9, 8])),
        tiny,
      ),
    ).toThrow('visual_encoder.pos_embed has shape [1, 9, 8], the model has [1, 5, 8]');
  });

  it.each([
    ['visual_encoder.blocks.1.mlp.fc1.weight', '`vit`'],
    ['visual_encoder.patch_embed.proj.weight', 'patch_size'],
    ['text_encoder.encoder.layer.1.intermediate.dense.weight', 'intermediate_size'],
    ['text_encoder.encoder.layer.1.crossattention.self0.key.weight', '`vit` (its width)'],
    ['text_encoder.encoder.layer.1.attention.output.dense.weight', 'hidden_size'],
  ])('explain what %s of another shape means', (name, key) => {
    let thrown: unknown;
    try {
      planLoad(
        contents((shapes) => shapes.set(name, [3, 3])),
        tiny,
      );
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ exitCode: 2 });
    const { message, hint } = thrown as { message: string; hint: string };
    expect(message).toContain(`${name} has shape [3, 3], the model has [`);
    expect(hint).toContain(key);
  });

  it.each([
    ['word_embeddings', 'the checkpoint has a vocabulary of 3, the configuration of 50'],
    ['position_embeddings', 'the checkpoint has 3 text positions, the configuration 16'],
  ])('explain what %s of another shape mean', (name, difference) => {
    const other = contents((shapes) =>
      shapes.set(`text_encoder.embeddings.${name}.weight`, [3, 12]),
    );
    expect(() => planLoad(other, tiny)).toThrow(difference);
  });

  it("refuse a checkpoint that has few of the model's parameters", () => {
    const other = contents((shapes) => rename(shapes, /^/, 'module.'));
    expect(() => planLoad(other, tiny)).toThrow(/0 of \d+ parameters.*module\.visual_encoder/);
  });
});

it('resizes position embeddings as PyTorch does', () => {
  const file = join(__dirname, '../fixtures/model/positionEmbeddings.json');
  const cases = JSON.parse(readFileSync(file, 'utf8')) as {
    from: number;
    to: number;
    embedding: number[];
    resized: number[];
  }[];
  for (const { from, to, embedding, resized } of cases) {
    const actual = resizePositionEmbedding(Float32Array.from(embedding), from, to, 2);
    expect(actual.length).toBe(resized.length);
    resized.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 5));
  }
});

describe('size', () => {
  const keys = {
    batch_size_train: 16,
    batch_size_test: 64,
    accumulate_steps: 1,
    freeze_vit: false,
    max_words: 40,
  };
  const base = modelConfig(blip, { ...blipMedConfig });

  it('counts the trained parameters', () => {
    const { parameters, memory } = modelSize(keys, base);
    expect(parameters.vision + parameters.text + parameters.head).toBe(parameterCount(base));
    expect(parameters.head).toBe(768 * 768 + 768 + 2 * 768 + 2);
    expect(memory.weights).toBe(4 * parameterCount(base));
    expect(memory.optimizer).toBe(2 * memory.weights);
    const frozen = modelSize({ ...keys, freeze_vit: true }, base);
    expect(frozen.memory.optimizer).toBe(8 * (parameterCount(base) - parameters.vision));
    expect(frozen.memory.activations).toBeLessThan(memory.activations / 3);
  });

  it('grows with the batch and shrinks with checkpointing', () => {
    const of = (batch: number, layers: number): number =>
      modelSize(
        { ...keys, batch_size_train: batch },
        modelConfig({ ...blip, vit_ckpt_layer: layers }, { ...blipMedConfig }),
      ).memory.activations;
    expect(of(32, 0)).toBeCloseTo(2 * of(16, 0), -3);
    expect(of(16, 6)).toBeLessThan(0.8 * of(16, 0));
    expect(of(16, 12)).toBeLessThan(0.5 * of(16, 0));
  });
});
