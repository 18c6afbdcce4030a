import { duration, percent, progressPercent } from '../shared/numbers';
import { t } from '../shared/translate';
import type { IconName } from '../shared/icons';
import type { ChartId } from './curve';
import { EpochScale } from './epochScale';
import type { RunHeader, RunStatus } from './messages';
import type { RunData } from './runData';

/** Whether a process writes to the run. */
export function isActive(status: RunStatus): boolean {
  return (
    status === 'starting' ||
    status === 'running' ||
    status === 'evaluating' ||
    status === 'stopping'
  );
}

/** Returns text and icon of a status, so that it does not depend on color. */
export function statusDisplay(status: RunStatus): { word: string; icon: IconName | 'dot' } {
  switch (status) {
    case 'starting':
      return { word: t('starting'), icon: 'dot' };
    case 'running':
      return { word: t('running'), icon: 'dot' };
    case 'evaluating':
      return { word: t('evaluating'), icon: 'dot' };
    case 'stopping':
      return { word: t('stopping'), icon: 'dot' };
    case 'stopped':
      return { word: t('stopped'), icon: 'stop' };
    case 'finished':
      return { word: t('finished'), icon: 'check' };
    case 'failed':
      return { word: t('failed'), icon: 'error' };
    case 'lost':
      return { word: t('out of reach'), icon: 'warning' };
  }
}

export interface Progress {
  /** Number of completed steps; the data may be ahead of the header. */
  step: number;
  totalSteps: number;
  /** 1-based. */
  epoch: number;
  maxEpoch: number;
  /** 0..1; null if the number of steps is unknown. */
  fraction: number | null;
  /** Seconds; null if unknown or if nothing is running. */
  timeLeft: number | null;
}

export function progressOf(run: RunData): Progress {
  const { header, columns, count } = run;
  const step = Math.max(count > 0 ? (columns.step[count - 1] ?? 0) : 0, header.step);
  const { totalSteps, maxEpoch } = header;
  // Steps arrive more often than the header, but step and epoch are shown next to each other.
  const isAhead = isActive(header.status) && step > header.step;
  const scale = new EpochScale(run.history.epochs, header.stepsPerEpoch);
  const reached = isAhead ? Math.ceil(scale.toEpochs(step)) : 0;
  const epoch = Math.min(Math.max(header.epoch + 1, reached), Math.max(1, maxEpoch));
  return {
    step,
    totalSteps,
    epoch,
    maxEpoch,
    fraction: totalSteps > 0 ? Math.min(1, step / totalSteps) : null,
    // While starting, the estimate belongs to an earlier attempt; while stopping, it is meaningless.
    timeLeft: header.status === 'running' ? run.timeLeft : null,
  };
}

/** Returns the text next to the name: `epoch 4/15 · 61% · 12m left`. */
export function progressText(run: RunData): string {
  const progress = progressOf(run);
  const { status, best, kind } = run.header;
  const parts: string[] = [];
  if (progress.maxEpoch > 0 && kind !== 'evaluate')
    parts.push(t('epoch {0}/{1}', progress.epoch, progress.maxEpoch));
  if (isActive(status)) {
    if (progress.fraction !== null) parts.push(progressPercent(progress.fraction));
    if (progress.timeLeft !== null) parts.push(t('{0} left', duration(progress.timeLeft)));
  } else {
    if (best) parts.push(t('best {0}', percent(best.accuracy)));
  }
  return parts.join(' · ');
}

/** Returns the elapsed time of a run including pauses, as text. */
export function wallText({ wallSeconds }: RunHeader): string {
  return t('{0} from the first start to the end', duration(wallSeconds));
}

/** Returns the training time of an ended run as text; null while it runs, and if unknown. */
export function trainedText({ header }: RunData): { text: string; title: string } | null {
  if (isActive(header.status) || header.trainedSeconds === null) return null;
  return {
    text: t('trained {0}', duration(header.trainedSeconds)),
    title: wallText(header),
  };
}

/** Returns the progress of the running evaluation: `evaluating val 35%`; null if there is none. */
export function evaluationText(run: RunData): string | null {
  const { evaluating } = run.history;
  if (!evaluating || !isActive(run.header.status)) return null;
  return t(
    'evaluating {0} {1}',
    evaluating.split,
    progressPercent(evaluating.done / evaluating.total),
  );
}

/** Returns the announcement for the latest evaluated epoch; null if there is none. */
export function epochAnnouncement(header: RunHeader, run: RunData): string | null {
  const latest = run.history.evals.filter((point) => point.split === 'val').at(-1);
  if (!latest || latest.epoch === null) return null;
  return t(
    '{0}: epoch {1} evaluated, validation accuracy {2}',
    header.name,
    latest.epoch + 1,
    percent(latest.accuracy),
  );
}

/** Whether the model's answer equals the label; null for a pair without a label. */
export function isRight(label: boolean | null, probTrue: number): boolean | null {
  return label === null ? null : probTrue > 0.5 === label;
}

/** Formats a probability with two digits and without the leading zero: `.72`, `1.0`. */
export function probability(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const text = value.toFixed(2);
  return text.startsWith('0') ? text.slice(1) : value.toFixed(1);
}

/**
 * Text of a chart that has no points.
 * @param loaded whether everything that the host has read was received
 * @param active whether a run of the dashboard is in progress
 */
export function emptyChartText(chart: ChartId, loaded: boolean, active: boolean): string {
  // Until then, nothing is known about the data of the run.
  if (!loaded) return t('Reading…');
  switch (chart) {
    case 'loss':
      return active ? t('Waiting for the first step…') : t('This run has no steps.');
    case 'accuracy':
      return active
        ? t('Appears after the first epoch, when the validation split has been evaluated.')
        : t('This run was never evaluated.');
    default:
      return t('Nothing was recorded.');
  }
}
