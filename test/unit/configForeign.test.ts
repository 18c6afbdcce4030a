import { describe, expect, it } from 'vitest';
import { convertForeign } from '../../src/config/foreign';
import { parseConfig } from '../../src/config/parse';

const albef = `
train_file: ['data/nlvr_train.json']
val_file: ['data/nlvr_dev.json']
test_file: ['data/nlvr_test.json']
image_root: '/data/nlvr2/'
image_res: 384
batch_size: 16
bert_config: 'configs/config_bert.json'
alpha: 0.4
distill: True
optimizer: {opt: adamW, lr: 2e-5, weight_decay: 0.02}
schedular: {sched: cosine, lr: 2e-5, epochs: 10, min_lr: 1e-6, decay_rate: 1, warmup_lr: 1e-5, warmup_epochs: 1, cooldown_epochs: 0}
`;
const lavis = `
model:
  arch: blip_nlvr
  model_type: nlvr
  load_finetuned: False
  image_size: 384
  pretrained: "https://host/model_base.pth"
datasets:
  nlvr:
    vis_processor:
      train: {name: blip_image_train, image_size: 384}
    text_processor:
      train: {name: blip_caption}
run:
  task: multimodal_classification
  lr_sched: linear_warmup_cosine_lr
  init_lr: 3e-5
  min_lr: 0
  weight_decay: 0.05
  max_epoch: 15
  batch_size_train: 16
  batch_size_eval: 64
  num_workers: 4
  seed: 42
  output_dir: output/BLIP/NLVR
  amp: False
`;

const uniter = `{"compressed_db": false, "checkpoint": "uniter-base.pt", "model": "paired-attn",
"train_txt_db": "/txt/nlvr2_train.db", "train_img_db": "/img/nlvr2_train/", "output_dir": "out/nlvr2",
"train_batch_size": 10240, "gradient_accumulation_steps": 2, "learning_rate": 3e-05, "num_train_steps": 8000,
"optim": "adamw", "weight_decay": 0.01, "grad_norm": 2.0, "warmup_steps": 800, "seed": 77, "n_workers": 4}`;

it('converts a UNITER configuration, whose data and batches have no counterpart', () => {
  const converted = convertForeign(uniter);
  expect(converted?.origin).toBe('UNITER');
  const { config, problems } = parseConfig(converted?.text ?? '');
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    output_dir: 'out/nlvr2',
    accumulate_steps: 2,
    init_lr: 3e-5,
    weight_decay: 0.01,
    grad_clip: 2,
    warmup_steps: 800,
    seed: 77,
    num_workers: 4,
  });
  expect(converted?.unconverted.map(({ key }) => key)).toEqual([
    'compressed_db',
    'checkpoint',
    'model',
    'train_txt_db',
    'train_img_db',
    'train_batch_size',
    'num_train_steps',
  ]);
});

describe('configurations of related projects', () => {
  it.each([
    [
      "ALBEF's",
      albef,
      {
        image_root: '/data/nlvr2/',
        ann_root: '.',
        ann_files: {
          train: 'data/nlvr_train.json',
          val: 'data/nlvr_dev.json',
          test: 'data/nlvr_test.json',
        },
        image_size: 384,
        batch_size_train: 16,
        init_lr: 2e-5,
        min_lr: 1e-6,
        warmup_lr: 1e-5,
        weight_decay: 0.02,
        max_epoch: 10,
      },
      [
        'bert_config',
        'alpha',
        'distill',
        'schedular.decay_rate',
        'schedular.warmup_epochs',
        'schedular.cooldown_epochs',
      ],
    ],
    [
      "LAVIS's",
      lavis,
      {
        pretrained: 'https://host/model_base.pth',
        image_size: 384,
        batch_size_train: 16,
        batch_size_test: 64,
        max_epoch: 15,
        init_lr: 3e-5,
        seed: 42,
        output_dir: 'output/BLIP/NLVR',
      },
      [
        'model.model_type',
        'model.load_finetuned',
        'datasets.nlvr.vis_processor.train.name',
        'datasets.nlvr.text_processor',
        'run.task',
        'run.amp',
      ],
    ],
  ])('are converted, and keys without a counterpart are listed: %s', (_, text, keys, left) => {
    const converted = convertForeign(text);
    expect(converted?.unconverted.map(({ key }) => key)).toEqual(left);
    const { config, problems } = parseConfig(converted?.text ?? '');
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(config).toMatchObject(keys);
    for (const key of left) expect(converted?.text).toContain(`#   ${key}: `);
  });

  it('keep invalid values as comments', () => {
    const converted = convertForeign(
      albef
        .replace('image_res: 384', 'image_res: 5000')
        .replace('adamW', 'sgd')
        .replace("['data/nlvr_train.json']", "['a.json', 'b.json']"),
    );
    expect(converted?.unconverted.slice(0, 2).map(({ key }) => key)).toEqual([
      'train_file',
      'image_res',
    ]);
    expect(converted?.unconverted).toContainEqual({ key: 'optimizer.opt', value: 'sgd' });
  });

  it("are not detected in ours, in BLIP's and in other files", () => {
    for (const text of ['image_size: 384\nvit: base\n', 'a: [', '', '- 1', 'model: x\n'])
      expect(convertForeign(text)).toBeUndefined();
  });
});
