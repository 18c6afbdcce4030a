import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definition } from '../../src/config/definition';
import { vitSize } from '../../src/config/vit';
import { blipMedConfig } from '../../src/config/medConfig';
import { applyEdit } from '../../src/config/edit';
import { parseConfig } from '../../src/config/parse';
import {
  architectureEdit,
  inspectPretrained,
} from '../../src/extension/configuration/checkpointInfo';
import { modelConfig, type NlvrModelConfig } from '../../src/model/config';
import {
  describeInspection,
  inspect,
  inspectCheckpoint,
  inspectionJson,
  yamlFor,
} from '../../src/model/inspect';
import { describeReport, planLoad } from '../../src/model/loadRules';
import { parameterShapes } from '../../src/model/parameters';
import { inEnglish } from '../../src/util/localize';

const fixtures = join(__dirname, '../fixtures');
const keys = { vit_grad_ckpt: false, vit_ckpt_layer: 0, drop_path_rate: 0.1, med_config: '' };
const base = modelConfig({ ...keys, image_size: 384, vit: 'base' }, { ...blipMedConfig });
const tiny = (depth: number, layers = 8): NlvrModelConfig =>
  modelConfig(
    { ...keys, image_size: 32, vit: { width: 8, depth, heads: 2, patch_size: 16 } },
    { ...blipMedConfig, hidden_size: 12, num_hidden_layers: layers, vocab_size: 30524 },
  );
const fileOf = (config: NlvrModelConfig, without = /^$/) => ({
  path: 'weights.pth',
  format: 'pth' as const,
  metadata: new Map<string, string>(),
  notes: [],
  tensors: new Map(
    [...parameterShapes(config)]
      .filter(([name]) => !without.test(name))
      .map(([name, shape]) => [name, { shape, type: 'F32' as const }] as const),
  ),
});

describe('inspecting a checkpoint', () => {
  it("lists which parameters come from BLIP's pretraining, and which NLVR needs in addition", async () => {
    const found = await inspectCheckpoint(join(fixtures, 'pretrain/model.pth'));
    const text = describeInspection(found).map(inEnglish).join('\n');
    expect(text).toContain('It is a pretraining checkpoint of BLIP: 720 tensors');
    expect(text).toContain('width 32, depth 2, patch size 16, image size 48');
    expect(text).toContain('merge_layer (4), cls_head.* (4)');
    expect(text).not.toContain('unexpectedly');
    expect(inspectionJson(found)).toMatchObject({
      kind: 'a pretraining checkpoint of BLIP',
      vision: { width: 32, depth: 2, patchSize: 16, imageSize: 48 },
      text: { width: 16, layers: 8, vocabularySize: 30524 },
      configuration: { vit: { width: 32, depth: 2, patch_size: 16 } },
    });
  });

  it("recognizes BLIP's own sizes", () => {
    const found = inspect(fileOf(base));
    expect(yamlFor(found.keys)).toBe('vit: base\nmed_config: med_config.json');
    expect(describeInspection(found).map(inEnglish)).toEqual(
      expect.arrayContaining([
        'The number of attention heads cannot be read from a checkpoint; the usual number is 12, 12 (64 values per head).',
        'Nothing is missing for NLVR.',
      ]),
    );
  });

  it('separates what is missing unexpectedly from what is only trained later', () => {
    const found = inspect(fileOf(base, /blocks\.3\.attn\.proj|cls_head/));
    expect(found.missing?.expected).toEqual([]);
    expect(found.missing?.unexpected).toContain('visual_encoder.blocks.3.attn.proj.weight');
    const other = inspect(fileOf(base, /text_encoder/));
    expect(describeInspection(other).map(inEnglish).join('\n')).toContain(
      'It cannot be used for NLVR as it is: the text encoder (text_encoder) is missing.',
    );
  });

  it('returns a configuration that the checkpoint fits', () => {
    const found = inspect(fileOf(tiny(3)));
    const { config, problems } = parseConfig(`image_size: 32\n${yamlFor(found.keys)}\n`);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (typeof config.med_config === 'string') throw new Error('it is a mapping');
    const { report } = planLoad(fileOf(tiny(3)), modelConfig(config, config.med_config));
    expect(report.missing).toEqual([]);
  });
});

it('the named sizes are documented with their dimensions', () => {
  for (const name of ['tiny', 'small', 'base', 'large'] as const) {
    const { width, depth, heads } = vitSize(name);
    expect(definition.vit.doc).toContain(`\`${name}\` ${width}, ${depth}, ${heads}`);
  }
});

describe('a checkpoint of another architecture', () => {
  it('is refused in one sentence if shapes differ', () => {
    const wide = modelConfig(
      { ...keys, image_size: 32, vit: { width: 16, depth: 3, heads: 2, patch_size: 16 } },
      { ...blipMedConfig, hidden_size: 12, num_hidden_layers: 8, vocab_size: 30524 },
    );
    expect(() => planLoad(fileOf(tiny(2)), wide)).toThrow(
      'weights.pth does not fit the model: the checkpoint has vision width 8, the configuration 16, the checkpoint has 2 vision blocks, the configuration 3.',
    );
  });

  it('is reported if only the depth differs', () => {
    const { report } = planLoad(fileOf(tiny(2)), tiny(3));
    expect(describeReport(report).map(inEnglish)).toContain(
      'Note that the checkpoint has 2 vision blocks, the configuration 3.',
    );
  });
});

describe("Use This Checkpoint's Architecture", () => {
  const text = `# mine\nimage_size: 48 # small\npretrained: pretrain/model.pth\nvit: tiny # to see\n`;

  it('writes vit and med_config and keeps the rest', async () => {
    const parsed = parseConfig(text);
    const info = await inspectPretrained(parsed, fixtures);
    if (!info) throw new Error('the checkpoint was not found');
    expect(text.slice(...info.range)).toBe('pretrained: pretrain/model.pth'.slice(12));
    const edit = architectureEdit(text, parsed.config, fixtures, info.inspection);
    const edited = applyEdit(text, edit);
    expect(
      edited.startsWith('# mine\nimage_size: 48 # small\npretrained: pretrain/model.pth\n'),
    ).toBe(true);
    const { config, problems } = parseConfig(edited);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(config.vit).toEqual({ width: 32, depth: 2, heads: 1, patch_size: 16 });
    expect(config.med_config).toMatchObject({ hidden_size: 16, num_hidden_layers: 8 });
    expect(architectureEdit(edited, config, fixtures, info.inspection)).toBeUndefined();
  });

  it('is not offered for an address or a file that cannot be read', async () => {
    for (const path of ['https://host/model.pth', 'README.md', 'none.pth'])
      expect(
        await inspectPretrained(parseConfig(`pretrained: ${path}\n`), fixtures),
      ).toBeUndefined();
  });
});
