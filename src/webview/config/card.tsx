import type { ComponentChildren } from 'preact';
import { bytes, count, shortCount } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Insights } from './messages';
import { Message } from './problems';
import { ScheduleChart } from './scheduleChart';

/** What follows from the configuration: learning rate, steps, parameters, memory. */
export function Card({
  insights,
  open,
  hasErrors,
}: {
  insights: Insights | undefined;
  open: boolean;
  /** Some values are wrong: their defaults were reckoned with. */
  hasErrors: boolean;
}) {
  return (
    <aside class="card" aria-label={t('What follows')}>
      <details open={open}>
        <summary>{t('What follows')}</summary>
        {insights === undefined ? (
          <p class="muted">{t('Counting…')}</p>
        ) : (
          <Contents insights={insights} />
        )}
        <Note
          text={
            hasErrors
              ? t('Values of a wrong type or out of range count as their defaults here.')
              : null
          }
        />
      </details>
    </aside>
  );
}

function Contents({ insights }: { insights: Insights }) {
  const { parameters, memory } = insights;
  return (
    <>
      <h3>{t('Learning rate')}</h3>
      <ScheduleChart insights={insights} />
      <dl>
        <Fact name={t('Examples')}>{count(insights.examples)}</Fact>
        <Fact name={t('Effective batch')}>{count(insights.effectiveBatch)}</Fact>
        <Fact name={t('per process × processes × accumulation')} part>
          {[insights.batchPerProcess, insights.processes, insights.accumulateSteps]
            .map(count)
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
        <Fact name={t('Memory, about')}>{bytes(memory?.total)}</Fact>
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
