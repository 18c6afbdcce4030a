/** Texts about a run for the views. */
import { incompleteModel } from '../../config/modelParts';
import { formatMessage } from '../../util/localize';
import { trainedSeconds, wallSeconds } from '../../run/record/trainedTime';
import { formatDuration } from '../../util/duration';
import { count, percent } from '../format';
import type { Translate } from '../translate';
import { canEvaluate, canTrainLonger, isDeletable, isResumable, isTakeable } from './runActions';
import { isActive, isStoppable, type Run, type RunStatus } from './runRegistry';
import { progressOf } from './progress';

export function statusText(status: RunStatus, t: Translate): string {
  switch (status) {
    case 'starting':
      return t('starting');
    case 'running':
      return t('running');
    case 'evaluating':
      return t('evaluating');
    case 'stopping':
      return t('stopping');
    case 'stopped':
      return t('stopped');
    case 'finished':
      return t('finished');
    case 'failed':
      return t('failed');
    case 'lost':
      return t('out of reach');
    case 'unreadable':
      return t('unreadable');
  }
}

/** The phase of an active run, or its status. */
export function activityText({ status, attempt }: Run, t: Translate): string {
  if (status !== 'starting' && status !== 'running') return statusText(status, t);
  switch (attempt?.phase) {
    case 'waiting':
      return t('waiting for the folder');
    case 'checking':
      return t('checking the data');
    case 'loading':
      return t('loading the model');
    case 'recording':
      return t('tracing the model');
    default:
      return statusText(status, t);
  }
}

/** The product icon and theme color of a status; the status is always shown as text too. */
export function statusIcon(run: Run): { icon: string; color?: string } {
  if (run.info.kind === 'imported' && !isActive(run) && run.status !== 'lost')
    return { icon: 'archive' };
  if (run.info.kind === 'evaluate' && run.status === 'finished') return { icon: 'beaker' };
  switch (run.status) {
    case 'starting':
      return { icon: 'circle-outline', color: 'charts.green' };
    case 'running':
      return { icon: 'play-circle', color: 'charts.green' };
    case 'evaluating':
      return { icon: 'beaker', color: 'charts.green' };
    case 'stopping':
      return { icon: 'stop-circle', color: 'charts.yellow' };
    case 'stopped':
      return { icon: 'circle-slash' };
    case 'finished':
      return { icon: 'pass', color: 'charts.green' };
    case 'failed':
      return { icon: 'error', color: 'charts.red' };
    case 'lost':
      return { icon: 'question', color: 'charts.yellow' };
    case 'unreadable':
      return { icon: 'warning', color: 'charts.yellow' };
  }
}

/** The description after a run's name: `61% · 78.4% · 12m 07s` if active, otherwise `finished · 78.4% · 1h 04m`. */
export function runDescription(run: Run, t: Translate): string {
  const { info } = run;
  const progress = progressOf(info);
  const state =
    run.status === 'running' && progress !== null
      ? `${Math.floor(progress * 100)}%`
      : activityText(run, t);
  const kinds = { imported: [t('imported')], evaluate: [t('evaluation')], train: [] };
  const parts: string[] = kinds[info.kind];
  if (info.kind === 'train' || run.status !== 'finished') parts.push(state);
  if (info.best) parts.push(percent(info.best.accuracy));
  if (info.incomplete) parts.push(t('incomplete model'));
  const trained = run.status === 'unreadable' ? null : trainedSeconds(info);
  if (trained !== null) parts.push(formatDuration(trained));
  return parts.join(' · ');
}

/** Whether the folder has only refused starts and no run; `deriveStatus` returns this state for nothing else. */
export function isRefusedStart({ status, attempt }: Run): boolean {
  return status === 'failed' && attempt?.outcome?.state === 'refused';
}

/** The flags in the tree item's `contextValue`, which select the menu entries of a run. */
export function runFlags(run: Run, has: { forgettable: boolean; demo?: boolean }): string {
  const active = isActive(run);
  const flags = [
    'run',
    isStoppable(run) && 'active',
    isResumable(run) && 'resumable',
    canTrainLonger(run) && 'lengthenable',
    isTakeable(run) && 'takeable',
    canEvaluate(run) && 'evaluable',
    isDeletable(run) && (isRefusedStart(run) ? 'refused' : 'deletable'),
    !has.demo && !active && has.forgettable && 'forgettable',
    has.demo === true && 'demo',
  ];
  return flags.filter((flag) => typeof flag === 'string').join(' ');
}

/** Lines of a run's tooltip, as plain text. */
export function runDetails(run: Run, t: Translate, language: string): string[] {
  const { info } = run;
  const lines = [`${statusText(run.status, t)} · ${run.folder}`];
  if (run.message) lines.push(run.message);
  if (run.hint) lines.push(run.hint);
  if (info.maxEpoch > 0)
    lines.push(
      t(
        'epoch {0} of {1}, step {2}',
        Math.min(info.epoch + 1, info.maxEpoch),
        info.maxEpoch,
        count(info.step, language),
      ),
    );
  if (info.best && info.maxEpoch > 0) {
    lines.push(t('best {0} after epoch {1}', percent(info.best.accuracy), info.best.epoch + 1));
    if (info.best.testAccuracy !== null)
      lines.push(t('test {0} at that epoch', percent(info.best.testAccuracy)));
  }
  if (info.incomplete) lines.push(formatMessage(incompleteModel(info.incomplete), t));
  if (info.trainer !== undefined) lines.push(t('written by {0}', info.trainer));
  const trained = run.status === 'unreadable' ? null : trainedSeconds(info);
  if (trained !== null)
    lines.push(
      t(
        'trained {0}, {1} from the first start to the end',
        formatDuration(trained),
        formatDuration(wallSeconds(info)),
      ),
    );
  if (info.device)
    lines.push([info.device, info.precision].filter((part) => part !== null).join(' · '));
  if (run.status !== 'unreadable')
    lines.push(t('started {0}', new Date(info.started).toLocaleString(language)));
  return lines;
}
