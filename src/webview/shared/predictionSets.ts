import { t } from './translate';

/** Predictions of a split: after an epoch (from 0), or of an evaluation of a checkpoint (null). */
export interface NamedSet {
  split: string;
  epoch: number | null;
}

export function epochText(epoch: number | null): string {
  return epoch === null ? t('evaluation') : t('epoch {0}', epoch + 1);
}

export function setText({ split, epoch }: NamedSet): string {
  return `${split}, ${epochText(epoch)}`;
}
