/** Creates a workspace with a run of a model that trains in seconds. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { markedEnvironment } from './harness/processes';
import { drawImages, seeded } from './syntheticImages';

const CONFIGURATION = `image_root: images
ann_root: .
ann_files: { train: examples.json, val: examples.json, test: '' }
image_size: 24
augment: false
vit: { width: 16, depth: 1, heads: 2, patch_size: 12 }
vit_grad_ckpt: false
med_config: { hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 32, encoder_width: 16, vocab_size: 30524, max_position_embeddings: 64 }
batch_size_train: 8
max_epoch: 1
output_dir: output/quick-owl-1
`;

/** Creates the data of a real run: a few drawings, sentences about them, a small model. */
export async function prepareTiny(workspace: string): Promise<void> {
  mkdirSync(join(workspace, 'images'));
  const drawn = await drawImages(join(workspace, 'images'), 8, seeded(3));
  const name = (index: number) => `picture-${String(index % drawn.length).padStart(4, '0')}.png`;
  const examples = Array.from({ length: 32 }, (_, index) => ({
    sentence: `The left image shows ${drawn[index % 8].count} shapes and the right one ${index}.`,
    label: index % 2 === 0 ? 'True' : 'False',
    images: [name(index), name(index + 3)],
  }));
  writeFileSync(join(workspace, 'examples.json'), JSON.stringify(examples, null, 1));
  writeFileSync(join(workspace, 'nlvr.yaml'), CONFIGURATION);
}

/** Trains for one epoch, as in a terminal. */
export async function trainTiny(workspace: string): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [resolve('dist/cli.js'), 'train', '--config', 'nlvr.yaml'],
    { cwd: workspace, env: markedEnvironment(inject('mark')) },
  );
}
