import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Message } from '../shared/message';
import { bytes, count, shortCount } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Insights } from './messages';
import { ScheduleChart } from './scheduleChart';

/** Whether the card fits next to the fields (as in config.css); otherwise it is above them and collapsed. */
const wide = window.matchMedia('(min-width: 861px)');

/** Card with the training plan: learning rate, steps, parameters, memory. */
export function TrainingPlan({ insights }: { insights: Insights | undefined }) {
  const [open, setOpen] = useState(() => wide.matches);
  // The user's choice to collapse or expand applies until the layout changes.
  useEffect(() => {
    const follow = (): void => setOpen(wide.matches);
    wide.addEventListener('change', follow);
    return () => wide.removeEventListener('change', follow);
  }, []);
  return (
    <aside class="card" aria-label={t('Training Plan')}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t('Training Plan')}</summary>
        {insights === undefined ? (
          <p class="muted">{t('Counting…')}</p>
        ) : (
          <Contents insights={insights} />
        )}
      </details>
    </aside>
  );
}

function Contents({ insights }: { insights: Insights }) {
  const { parameters, memory } = insights;
  return (
    <>
      <h3>{t('Learning rate')}</h3>
      {insights.schedule === null ? (
        <Note text={insights.scheduleNote} />
      ) : (
        <ScheduleChart points={insights.schedule} scheduleUnit={insights.scheduleUnit} />
      )}
      <dl>
        <Fact name={t('Examples')}>{count(insights.examples)}</Fact>
        <Fact name={t('Effective batch')}>{count(insights.effectiveBatch)}</Fact>
        <Fact name={t('per process × processes × accumulation')} part>
          {[insights.batchPerProcess, insights.processes, insights.accumulateSteps]
            .map((each) => count(each))
            .join(' × ')}
        </Fact>
        <Fact name={t('Steps per epoch')}>{count(insights.stepsPerEpoch)}</Fact>
        <Fact name={t('Total steps')}>{count(insights.totalSteps)}</Fact>
      </dl>
      <Note text={insights.processesNote} />
      <Note text={insights.dataNote} />
      <dl>
        <Fact name={t('Parameters')}>{parameters ? shortCount(parameters.total) : '–'}</Fact>
        {parameters?.parts.map((part) => (
          <Fact key={part.name} name={part.name} part>
            {shortCount(part.count)}
          </Fact>
        ))}
        <Fact name={t('Memory (estimate)')}>{bytes(memory?.total)}</Fact>
        {memory?.parts.map((part) => (
          <Fact key={part.name} name={part.name} part>
            {bytes(part.bytes)}
          </Fact>
        ))}
      </dl>
      <Note text={insights.modelNote} />
    </>
  );
}

function Fact({
  name,
  part = false,
  children,
}: {
  name: string;
  part?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div class={part ? 'part muted' : ''}>
      <dt>{name}</dt>
      <dd class="number">{children}</dd>
    </div>
  );
}

function Note({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p class="muted note">
      <Message text={text} />
    </p>
  );
}
