import { Icon } from '../shared/icons';
import {
  bytes,
  count,
  percent,
  progressPercent,
  shortExponent,
  wholePercent,
} from '../shared/numbers';
import { t } from '../shared/translate';
import { useDashboard, useStore } from './context';
import { ActionsMenu } from './actionsMenu';
import { AddRun } from './addRun';
import { RanksButton } from './ranks';
import type { RunHeader as Header } from './messages';
import type { RunData } from './runData';
import {
  evaluationText,
  isActive,
  progressOf,
  progressText,
  statusDisplay,
  trainedText,
} from './viewModel';

/** Name, state, progress and the buttons of the first run. */
export function RunHeader({ run }: { run: RunData }) {
  const { host } = useDashboard();
  const store = useStore('data');
  const { header } = run;
  const act = (action: 'stop' | 'resume' | 'trainLonger' | 'failedExamples') =>
    host.send({ type: 'action', action, run: header.key });
  const rest = progressText(run);
  const trained = trainedText(run);
  return (
    <header class="run-header">
      <div class="run-title">
        <h1 title={header.key}>{header.name}</h1>
        <Status header={header} />
        {rest !== '' && <span class="number run-progress-text">{rest}</span>}
        {trained && (
          <span class="number run-progress-text run-trained" title={trained.title}>
            {trained.text}
          </span>
        )}
        <div class="run-actions">
          {header.stoppable && (
            <button
              onClick={() => act('stop')}
              title={
                header.status === 'stopping'
                  ? t('Ends the trainer immediately')
                  : t('Finishes the step, saves and stops')
              }
            >
              <Icon name="stop" /> {header.status === 'stopping' ? t('Stop Now') : t('Stop')}
            </button>
          )}
          {header.offer === 'resume' && (
            <button onClick={() => act('resume')}>{t('Resume')}</button>
          )}
          {header.offer === 'trainLonger' && (
            <button onClick={() => act('trainLonger')}>{t('Train Longer…')}</button>
          )}
          <button onClick={() => act('failedExamples')}>{t('Failed Examples')}</button>
          {store.view.runs.length < 2 && <AddRun />}
          {header.ranks && <RanksButton run={run} ranks={header.ranks} />}
          <ActionsMenu run={header} />
        </div>
      </div>
      <ProgressBar run={run} />
      <Figures run={run} />
    </header>
  );
}

/** Status as text with an icon, so that it does not depend on color. */
export function Status({ header }: { header: Header }) {
  const { word, icon } = statusDisplay(header.status);
  return (
    <span class={`status status-${header.status}`}>
      {icon === 'dot' ? <span class="dot" aria-hidden="true" /> : <Icon name={icon} />}
      {word}
    </span>
  );
}

function ProgressBar({ run }: { run: RunData }) {
  const { fraction } = progressOf(run);
  const active = isActive(run.header.status);
  if (fraction === null || (!active && fraction >= 1)) return null;
  return (
    <div
      class={`progress ${active ? '' : 'progress-still'}`}
      role="progressbar"
      aria-label={t('Progress of training')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(100 * fraction)}
      aria-valuetext={progressPercent(fraction)}
    >
      <div class="progress-done" style={{ width: `${100 * fraction}%` }} />
    </div>
  );
}

function Figures({ run }: { run: RunData }) {
  const { header } = run;
  const progress = progressOf(run);
  const active = isActive(header.status);
  const speed = run.last('speed');
  const wait = run.last('wait');
  const memory = run.last('memory');
  const lr = run.last('lr');
  const evaluating = evaluationText(run);
  const figures: [string, string][] = [];
  if (progress.totalSteps > 0)
    figures.push([t('step'), `${count(progress.step)}/${count(progress.totalSteps)}`]);
  if (evaluating !== null) figures.push(['', evaluating]);
  if (speed !== null) figures.push([t('examples/s'), speed < 10 ? speed.toFixed(1) : count(speed)]);
  if (lr !== null && active) figures.push([t('lr'), shortExponent(lr)]);
  if (wait !== null) figures.push([t('loader wait'), wholePercent(wait)]);
  if (memory !== null) figures.push([t('memory'), bytes(memory)]);
  if (header.best && active)
    figures.push([
      t('best'),
      `${percent(header.best.accuracy)} (${t('epoch {0}', header.best.epoch + 1)})`,
    ]);
  const device = [header.device, header.precision].filter((part) => part !== null).join(' · ');
  if (device !== '') figures.push([t('on'), device]);
  if (figures.length === 0) return null;
  return (
    <dl class="figures number">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt class={name === '' ? 'visually-hidden' : 'muted'}>{name === '' ? t('now') : name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
