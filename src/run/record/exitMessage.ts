import { localize, type MessageText } from '../../util/localize';
import type { ExitCause, ExitDiagnosis } from './exitDiagnosis';

/** The message for a process that ended without an outcome: what happened, its last output, what to do. */
export function exitMessage({ cause, evidence: telling }: ExitDiagnosis): {
  message: MessageText;
  hint: MessageText;
} {
  const { message, hint } = causeMessage(cause);
  return { message: withEvidence(message, telling), hint };
}

/** Appends the last output of a process, with a period, because the hint follows on the same line. */
function withEvidence(message: MessageText, telling: string | null): MessageText {
  if (telling === null) return message;
  return localize('{0} {1}', message, /[.!?…]$/.test(telling) ? telling : `${telling}.`);
}

function causeMessage(cause: ExitCause): { message: MessageText; hint: MessageText } {
  switch (cause) {
    case 'memory':
      return {
        message: localize('The trainer ran out of memory.'),
        hint: localize(
          "Resume with vit_grad_ckpt and a vit_ckpt_layer above 0, or with freeze_vit. Or start a new run from this one's folder (pretrained) with a lower batch_size_train (accumulate_steps keeps the effective batch) or image_size.",
        ),
      };
    case 'restart':
      return {
        message: localize('The machine was restarted during the run.'),
        hint: localize('Resume it to continue from its last checkpoint.'),
      };
    case 'killed':
      return {
        message: localize('The trainer was killed.'),
        hint: localize(
          'If you did not end it, the system may have ended it because memory ran out. Resume with vit_grad_ckpt and a vit_ckpt_layer above 0, or start a new run with a lower batch_size_train or image_size.',
        ),
      };
    case 'exit':
      return {
        message: localize('The trainer ended without an error message.'),
        hint: localize('See trainer.log in the run folder.'),
      };
    case 'crash':
      return {
        message: localize('The TensorFlow runtime crashed.'),
        hint: localize(
          'See trainer.log in the run folder. On a GPU, a common cause is an outdated driver; try device: cpu to find out.',
        ),
      };
  }
}

/** As `exitMessage`, for another trainer, whose options are unknown. */
export function foreignExitMessage({ cause, evidence: telling }: ExitDiagnosis): {
  message: MessageText;
  hint: MessageText;
} {
  const { message, hint } = foreignCauseMessage(cause);
  return { message: withEvidence(message, telling), hint };
}

function foreignCauseMessage(cause: ExitCause): { message: MessageText; hint: MessageText } {
  switch (cause) {
    case 'memory':
      return {
        message: localize('The training ran out of memory.'),
        hint: localize('Start it again with smaller batches or smaller images.'),
      };
    case 'restart':
      return {
        message: localize('The machine was restarted during the run.'),
        hint: localize('Start the training again.'),
      };
    case 'killed':
    case 'exit':
    case 'crash':
      return {
        message: localize('The training process ended without an error message.'),
        hint: localize(
          'Check the last output of your script. If nobody ended it, the system may have ended it because memory ran out.',
        ),
      };
  }
}
