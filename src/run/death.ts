import { phrase, type Words } from '../util/phrase';
import type { Cause, LastWords } from './lastWords';

/** What to say of a program that ended without a word: what happened, its last output, what to do. */
export function deathOf({ cause, telling }: LastWords): { message: Words; hint: Words } {
  const { message, hint } = words(cause);
  return { message: telling === null ? message : phrase('{0} {1}', message, telling), hint };
}

function words(cause: Cause): { message: Words; hint: Words } {
  switch (cause) {
    case 'memory':
      return {
        message: phrase('The trainer ran out of memory.'),
        hint: phrase(
          "Resume with vit_grad_ckpt and a vit_ckpt_layer above 0, or with freeze_vit. Or start a new run from this one's folder (pretrained) with a lower batch_size_train (accumulate_steps keeps the effective batch) or image_size.",
        ),
      };
    case 'restart':
      return {
        message: phrase('The machine was restarted while the run was going.'),
        hint: phrase('Resume it: it goes on from its last checkpoint.'),
      };
    case 'killed':
      return {
        message: phrase('The trainer was killed.'),
        hint: phrase(
          'When nobody did it, the system did, because memory ran out: resume with vit_grad_ckpt and a vit_ckpt_layer above 0, or start a new run with a lower batch_size_train or image_size.',
        ),
      };
    case 'exit':
      return {
        message: phrase('The trainer ended before it could say why.'),
        hint: phrase('See trainer.log in the run folder.'),
      };
    case 'crash':
      return {
        message: phrase('The TensorFlow runtime crashed.'),
        hint: phrase(
          'See trainer.log in the run folder. On a GPU this is often a driver that is too old; device: cpu tells.',
        ),
      };
  }
}

/** As `deathOf`, of another trainer: what it runs on and how it goes on is not known here. */
export function foreignDeathOf({ cause, telling }: LastWords): { message: Words; hint: Words } {
  const { message, hint } = foreignWords(cause);
  return { message: telling === null ? message : phrase('{0} {1}', message, telling), hint };
}

function foreignWords(cause: Cause): { message: Words; hint: Words } {
  switch (cause) {
    case 'memory':
      return {
        message: phrase('The training ran out of memory.'),
        hint: phrase('Start it again with smaller batches or smaller images.'),
      };
    case 'restart':
      return {
        message: phrase('The machine was restarted while the run was going.'),
        hint: phrase('Start the training again.'),
      };
    case 'killed':
    case 'exit':
    case 'crash':
      return {
        message: phrase('The training process is gone and did not say why.'),
        hint: phrase(
          'See what your script printed last. When nobody ended it, the system may have, because memory ran out.',
        ),
      };
  }
}
