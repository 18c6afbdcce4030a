import { t } from './translate';

/** Identifies predictions: a split, and an epoch (from 0) or null for a stand-alone evaluation of a checkpoint. */
export interface PredictionSetId {
  split: string;
  epoch: number | null;
}

export function epochText(epoch: number | null): string {
  return epoch === null ? t('evaluation') : t('epoch {0}', epoch + 1);
}

export function predictionSetText({ split, epoch }: PredictionSetId): string {
  return `${split}, ${epochText(epoch)}`;
}
