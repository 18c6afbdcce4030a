/** Checks between keys, which a schema cannot express. */
import { localize } from '../util/localize';
import { conflict, nearestDivisor, noEffect, set, warning, type CrossIssue } from './crossIssue';
import type { Config } from './definition';
import { formatNumber } from './format';
import { checkTextEncoder } from './textEncoderChecks';
import { vitSize } from './vit';

/** Whether the file (or an override) sets the key. */
type IsWritten = (key: string) => boolean;

type Check = (config: Config, written: IsWritten) => CrossIssue | CrossIssue[] | undefined;

const checks: readonly Check[] = [
  (config) => {
    const patch = vitSize(config.vit).patch_size;
    if (config.image_size % patch === 0) return undefined;
    const near = Math.max(1, Math.round(config.image_size / patch)) * patch;
    return conflict(
      ['image_size', 'vit.patch_size', 'vit'],
      localize(
        '`image_size` is {0}: it must be a multiple of the patch size, {1}.',
        config.image_size,
        patch,
      ),
      set('image_size', near),
    );
  },
  ({ vit }) => {
    const { width, heads } = vitSize(vit);
    if (width % heads === 0) return undefined;
    return conflict(
      ['vit.heads', 'vit.width', 'vit'],
      localize('`vit.heads` is {0}: it must divide `vit.width`, {1}.', heads, width),
      set('vit.heads', nearestDivisor(width, heads)),
    );
  },
  ({ med_config: med, max_words }) =>
    // A file is checked when it is read.
    typeof med === 'string' ? undefined : checkTextEncoder(med, max_words),
  ({ vit, med_config: med }, written) => {
    const { width } = vitSize(vit);
    if (typeof med === 'string' || !written('med_config.encoder_width')) return undefined;
    if (med.encoder_width === width) return undefined;
    return noEffect(
      ['med_config.encoder_width', 'vit.width', 'vit'],
      localize(
        '`med_config.encoder_width` is {0} and has no effect: the width of the image features is that of `vit`, {1}, as in BLIP.',
        med.encoder_width,
        width,
      ),
      set('med_config.encoder_width', width),
    );
  },
  ({ xla, vit_grad_ckpt, vit_ckpt_layer }) => {
    if (!xla || !vit_grad_ckpt || vit_ckpt_layer === 0) return undefined;
    return conflict(
      ['xla', 'vit_grad_ckpt'],
      localize(
        '`xla` cannot be combined with gradient checkpointing (`vit_grad_ckpt`): XLA would merge the second forward pass with the first.',
      ),
      set('xla', false),
      set('vit_grad_ckpt', false),
    );
  },
  ({ vit, vit_grad_ckpt, vit_ckpt_layer }) => {
    if (!vit_grad_ckpt || vit_ckpt_layer > 0) return undefined;
    const { depth } = vitSize(vit);
    return warning(
      ['vit_grad_ckpt', 'vit_ckpt_layer'],
      localize(
        '`vit_grad_ckpt` is on, but `vit_ckpt_layer` is 0: nothing is checkpointed, and no memory is saved. Set `vit_ckpt_layer` to the number of blocks, {0}, or turn `vit_grad_ckpt` off.',
        depth,
      ),
      set('vit_ckpt_layer', depth),
      set('vit_grad_ckpt', false),
    );
  },
  ({ vit_grad_ckpt, vit_ckpt_layer }) => {
    if (vit_grad_ckpt || vit_ckpt_layer === 0) return undefined;
    return noEffect(
      ['vit_ckpt_layer'],
      localize(
        '`vit_ckpt_layer` is {0} but `vit_grad_ckpt` is off: nothing is checkpointed.',
        vit_ckpt_layer,
      ),
      set('vit_grad_ckpt', true),
      set('vit_ckpt_layer', 0),
    );
  },
  ({ vit, vit_grad_ckpt, vit_ckpt_layer }) => {
    const { depth } = vitSize(vit);
    if (!vit_grad_ckpt || vit_ckpt_layer <= depth) return undefined;
    return noEffect(
      ['vit_ckpt_layer', 'vit.depth'],
      localize(
        '`vit_ckpt_layer` is {0}, but the vision transformer has {1} blocks: all are checkpointed.',
        vit_ckpt_layer,
        depth,
      ),
      set('vit_ckpt_layer', depth),
    );
  },
  ({ init_lr, min_lr }) => {
    if (min_lr <= init_lr) return undefined;
    return conflict(
      ['min_lr', 'init_lr'],
      localize(
        '`min_lr` is {0}: it must not be above `init_lr`, {1}.',
        formatNumber(min_lr),
        formatNumber(init_lr),
      ),
      set('min_lr', 0),
    );
  },
  ({ init_lr, warmup_lr, warmup_steps }) => {
    if (warmup_steps === 0 || warmup_lr <= init_lr) return undefined;
    return warning(
      ['warmup_lr', 'init_lr'],
      localize(
        '`warmup_lr` is {0}, above `init_lr`, {1}: the learning rate does not warm up.',
        formatNumber(warmup_lr),
        formatNumber(init_lr),
      ),
      set('warmup_lr', 0),
    );
  },
  ({ init_lr }) =>
    init_lr > 0
      ? undefined
      : warning(
          ['init_lr'],
          localize('`init_lr` is 0: the model does not learn.'),
          set('init_lr', 3e-5),
        ),
  ({ freeze_vit, pretrained }) =>
    freeze_vit && pretrained === ''
      ? warning(
          ['freeze_vit', 'pretrained'],
          localize(
            '`freeze_vit` is on without `pretrained`: the vision transformer keeps its random initial weights.',
          ),
          set('freeze_vit', false),
        )
      : undefined,
  ({ freeze_vit, augment }, written) =>
    freeze_vit && augment && written('augment')
      ? noEffect(
          ['augment', 'freeze_vit'],
          localize(
            '`augment` has no effect with `freeze_vit`: each image is encoded once, without augmentation.',
          ),
          set('augment', false),
        )
      : undefined,
  ({ curriculum }) =>
    curriculum.epochs > 0 && curriculum.ann_file === ''
      ? conflict(
          ['curriculum.epochs', 'curriculum'],
          localize(
            '`curriculum.epochs` is {0}, but `curriculum.ann_file` names no examples.',
            curriculum.epochs,
          ),
          set('curriculum.epochs', 0),
        )
      : undefined,
  ({ curriculum }) =>
    curriculum.epochs === 0 && curriculum.ann_file !== ''
      ? noEffect(
          ['curriculum.ann_file', 'curriculum'],
          localize('`curriculum.ann_file` has no effect: `curriculum.epochs` is 0.'),
          set('curriculum.epochs', 1),
        )
      : undefined,
  ({ early_stop, ann_files }) =>
    early_stop > 0 && ann_files.val === ''
      ? conflict(
          ['early_stop', 'ann_files.val'],
          localize('`early_stop` needs a validation split, and `ann_files.val` is empty.'),
          set('early_stop', 0),
        )
      : undefined,
];

/** Finds problems between the keys of a configuration. */
export function crossCheck(config: Config, written: IsWritten): CrossIssue[] {
  return checks.flatMap((check) => check(config, written) ?? []);
}
