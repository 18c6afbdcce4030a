/** Keys of the group Data: annotations, images and sentences. */
import { keysOf, type KeyDefinition } from './keyKinds';

const { path, mapping, integer, boolean, oneOf } = keysOf('Data');

export const dataKeys = {
  image_root: path('', 'folder', 'Base folder of the image paths in the annotations.', {
    blip: '/export/share/datasets/vision/NLVR2/',
  }),
  ann_root: path('annotation', 'folder', 'Folder with the annotation files.'),
  image_size: integer(
    384,
    16,
    1024,
    'Side length in pixels that every image is resized to; a multiple of the patch size.',
  ),
  ann_files: mapping(
    { train: 'nlvr_train.json', val: 'nlvr_dev.json', test: 'nlvr_test.json' },
    {
      train: path('nlvr_train.json', 'file', 'Annotations to train on, relative to `ann_root`.', {
        optional: true,
      }),
      val: path(
        'nlvr_dev.json',
        'file',
        'Annotations used to select the best checkpoint, relative to `ann_root`.',
        { optional: true },
      ),
      test: path(
        'nlvr_test.json',
        'file',
        'Annotations that are evaluated but not used to select a checkpoint, relative to `ann_root`; empty for none.',
        { optional: true },
      ),
    },
    'Annotation file of each split, relative to `ann_root`.',
    undefined,
    'fixed: nlvr_train.json, nlvr_dev.json, nlvr_test.json',
  ),
  ann_format: oneOf(
    'auto',
    ['auto', 'blip', 'nlvr2', 'nlvr1'],
    'Format of the annotation files; `auto` detects it for each file from its content.',
    'blip',
  ),
  missing_images: oneOf(
    'fail',
    ['fail', 'skip'],
    "What to do when images are missing (about 5% of NLVR2's are no longer on the web): `fail` does not start, `skip` skips the examples that show them and notes that the results cover part of the data.",
    'fail, when the first such image is read',
  ),
  augment: boolean(
    true,
    "BLIP's training augmentation: random resized crop, horizontal flip, RandAugment(2, 5).",
  ),
  swap_images: boolean(
    true,
    'During training, swap the two images of half of the examples, together with the words "left" and "right".',
    'true, also in val and test, which makes its evaluation random',
  ),
  max_words: integer(
    40,
    1,
    500,
    'Maximum number of words of a sentence; longer ones are truncated.',
  ),
  cache_images: boolean(
    false,
    'Keep decoded and resized images on disk, for runs that read each image many times.',
    'not available',
  ),
  num_workers: integer(
    4,
    0,
    64,
    'Threads that read and transform images; 0 uses the main thread. Does not affect results.',
  ),
} as const satisfies Record<string, KeyDefinition>;
