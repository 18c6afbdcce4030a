/** Checks that concern several keys at once: what a schema cannot say. */
import { phrase, type Words } from '../util/phrase';
import type { Config } from './definition';
import { formatNumber } from './format';
import type { ProblemCode, Severity, Suggestion } from './problem';
import { vitSize } from './vit';

export interface CrossIssue {
  severity: Severity;
  code: Extract<ProblemCode, 'conflict' | 'no-effect'>;
  /** The key to blame, then others that take part: the first one that is written gets the mark. */
  keys: readonly [string, ...string[]];
  message: Words;
  suggestions: readonly Suggestion[];
}

/** True when the file (or an override) sets the key. */
type IsWritten = (key: string) => boolean;

type Check = (config: Config, written: IsWritten) => CrossIssue | undefined;

const set = (key: string, value: string | number | boolean): Suggestion => ({
  kind: 'set',
  key,
  value,
});
const conflict = (
  keys: CrossIssue['keys'],
  message: Words,
  ...suggestions: Suggestion[]
): CrossIssue => ({ severity: 'error', code: 'conflict', keys, message, suggestions });
const warning = (
  keys: CrossIssue['keys'],
  message: Words,
  ...suggestions: Suggestion[]
): CrossIssue => ({ severity: 'warning', code: 'conflict', keys, message, suggestions });
const noEffect = (
  keys: CrossIssue['keys'],
  message: Words,
  ...suggestions: Suggestion[]
): CrossIssue => ({ severity: 'information', code: 'no-effect', keys, message, suggestions });

/** The divisor of `whole` that is nearest to `value`, the smaller of two. */
function nearestDivisor(whole: number, value: number): number {
  for (let away = 0; away < whole; away++)
    for (const candidate of [value - away, value + away])
      if (candidate >= 1 && candidate <= whole && whole % candidate === 0) return candidate;
  return 1;
}

const checks: readonly Check[] = [
  (config) => {
    const patch = vitSize(config.vit).patch_size;
    if (config.image_size % patch === 0) return undefined;
    const near = Math.max(1, Math.round(config.image_size / patch)) * patch;
    return conflict(
      ['image_size', 'vit.patch_size', 'vit'],
      phrase(
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
      phrase('`vit.heads` is {0}: it must divide `vit.width`, {1}.', heads, width),
      set('vit.heads', nearestDivisor(width, heads)),
    );
  },
  ({ med_config: med }) => {
    if (typeof med === 'string' || med.hidden_size % med.num_attention_heads === 0)
      return undefined;
    return conflict(
      ['med_config.num_attention_heads', 'med_config.hidden_size', 'med_config'],
      phrase(
        '`med_config.num_attention_heads` is {0}: it must divide `med_config.hidden_size`, {1}.',
        med.num_attention_heads,
        med.hidden_size,
      ),
      set(
        'med_config.num_attention_heads',
        nearestDivisor(med.hidden_size, med.num_attention_heads),
      ),
    );
  },
  ({ med_config: med, max_words }) => {
    // Every word is at least one token, and [ENC] and [SEP] stand around them.
    if (typeof med === 'string' || max_words + 2 <= med.max_position_embeddings) return undefined;
    return conflict(
      ['max_words', 'med_config.max_position_embeddings'],
      phrase(
        '`max_words` is {0}: such a sentence has at least {1} tokens, and `med_config.max_position_embeddings` has room for {2}.',
        max_words,
        max_words + 2,
        med.max_position_embeddings,
      ),
      ...(med.max_position_embeddings > 2
        ? [set('max_words', Math.floor((med.max_position_embeddings - 2) / 2))]
        : []),
    );
  },
  ({ xla, vit_grad_ckpt, vit_ckpt_layer }) => {
    if (!xla || !vit_grad_ckpt || vit_ckpt_layer === 0) return undefined;
    return conflict(
      ['xla', 'vit_grad_ckpt'],
      phrase(
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
      phrase(
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
      phrase(
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
      phrase(
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
      phrase(
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
      phrase(
        '`warmup_lr` is {0}, above `init_lr`, {1}: there is no warm-up to speak of.',
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
          phrase('`init_lr` is 0: nothing will be learned.'),
          set('init_lr', 3e-5),
        ),
  ({ freeze_vit, pretrained }) =>
    freeze_vit && pretrained === ''
      ? warning(
          ['freeze_vit', 'pretrained'],
          phrase(
            '`freeze_vit` is on without `pretrained`: the vision transformer stays as random as it began.',
          ),
          set('freeze_vit', false),
        )
      : undefined,
  ({ freeze_vit, augment }, written) =>
    freeze_vit && augment && written('augment')
      ? noEffect(
          ['augment', 'freeze_vit'],
          phrase(
            '`augment` has no effect with `freeze_vit`: each image is encoded once, as it is.',
          ),
          set('augment', false),
        )
      : undefined,
  ({ curriculum }) =>
    curriculum.epochs > 0 && curriculum.ann_file === ''
      ? conflict(
          ['curriculum.epochs', 'curriculum'],
          phrase(
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
          phrase('`curriculum.ann_file` has no effect: `curriculum.epochs` is 0.'),
          set('curriculum.epochs', 1),
        )
      : undefined,
  ({ early_stop, ann_files }) =>
    early_stop > 0 && ann_files.val === ''
      ? conflict(
          ['early_stop', 'ann_files.val'],
          phrase('`early_stop` needs a validation split, and `ann_files.val` is empty.'),
          set('early_stop', 0),
        )
      : undefined,
];

/** Everything that is wrong with the keys of a configuration taken together. */
export function crossCheck(config: Config, written: IsWritten): CrossIssue[] {
  return checks
    .map((check) => check(config, written))
    .filter((issue): issue is CrossIssue => issue !== undefined);
}
