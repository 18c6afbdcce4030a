import type { Cause, LastWords } from '../../run/lastWords';

/** `vscode.l10n.t` */
export type Translate = (message: string, ...args: (string | number | boolean)[]) => string;

/** What to tell a person about a trainer that died: what happened, its last words, what to do. */
export function explain(
  { cause, telling }: LastWords,
  t: Translate,
): { message: string; hint: string } {
  const { message, hint } = words(cause, t);
  return { message: telling === null ? `${message}.` : `${message}: ${telling}`, hint };
}

function words(cause: Cause, t: Translate): { message: string; hint: string } {
  switch (cause) {
    case 'memory':
      return {
        message: t('The trainer ran out of memory'),
        hint: t(
          "Resume with vit_grad_ckpt and a vit_ckpt_layer above 0, or with freeze_vit. Or start a new run from this one's folder (pretrained) with a lower batch_size_train (accumulate_steps keeps the effective batch) or image_size.",
        ),
      };
    case 'runtime':
      return {
        message: t('The TensorFlow runtime is missing or does not work'),
        hint: t('Run "NLVR: Set Up TensorFlow Runtime", then start again.'),
      };
    case 'input':
      return {
        message: t('The configuration, the data or the checkpoint cannot be used'),
        hint: t('Mend what the message names, then start again.'),
      };
    case 'nan':
      return {
        message: t('The loss was no longer a finite number'),
        hint: t(
          'Lower init_lr, set grad_clip (1 is usual) or warmup_steps, or train with precision fp32; then start again.',
        ),
      };
    case 'restart':
      return {
        message: t('The machine was restarted while the run was going'),
        hint: t('Resume it: it goes on from its last checkpoint.'),
      };
    case 'killed':
      return {
        message: t('The trainer was killed'),
        hint: t(
          'When nobody did it, the system did, because memory ran out: resume with vit_grad_ckpt and a vit_ckpt_layer above 0, or start a new run with a lower batch_size_train or image_size.',
        ),
      };
    case 'crash':
      return {
        message: t('The TensorFlow runtime crashed'),
        hint: t(
          'See trainer.log in the run folder. On a GPU this is often a driver that is too old; device: cpu tells.',
        ),
      };
    case 'unknown':
      return {
        message: t('The trainer ended unexpectedly'),
        hint: t('See trainer.log in the run folder. Resume goes on from the last checkpoint.'),
      };
  }
}
