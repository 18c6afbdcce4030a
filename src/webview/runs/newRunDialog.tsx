import { useEffect, useRef, useState } from 'preact/hooks';
import { HostFailure } from '../shared/hostConnection';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { t } from '../shared/translate';
import { shownName } from './columns';
import { Dialog } from './dialog';
import type { ConfigurationKey, ValueList } from './messages';
import type { Model } from './model';

/** Keys that are changed most often. The dialog starts with the first one that the run has. */
const commonKeys = ['init_lr', 'seed', 'batch_size_train', 'max_epoch'];
const PLAN_DELAY_MS = 250;
const MAX_SHOWN_RUNS = 6;

type Plan =
  | { state: 'waiting' }
  | { state: 'ready'; changes: string[][] }
  | { state: 'failed'; message: string };

/** Dialog for new runs with changed values of a run's keys: opens one configuration, or queues several runs. */
export function NewRunDialog({ model, run }: { model: Model; run: string }) {
  const [keys, setKeys] = useState<ConfigurationKey[]>();
  const [lists, setLists] = useState<ValueList[]>([]);
  const [plan, setPlan] = useState<Plan>({ state: 'waiting' });
  const [busy, setBusy] = useState(false);
  const asked = useRef(0);
  const close = () => model.open(undefined);
  const failed = (error: unknown): Plan => ({
    state: 'failed',
    message:
      error instanceof HostFailure
        ? [error.message, error.hint ?? ''].join(' ').trim()
        : String(error),
  });

  useEffect(() => {
    model.host.request('configurationKeys', { key: run }).then(
      (known) => {
        setKeys(known);
        const first = commonKeys.find((key) => known.some((each) => each.key === key));
        const start = known.find(({ key }) => key === (first ?? known[0]?.key));
        if (start) setLists([{ key: start.key, values: start.value }]);
      },
      (error: unknown) => setPlan(failed(error)),
    );
  }, []);
  useEffect(() => {
    if (!keys) return undefined;
    const id = ++asked.current;
    setPlan({ state: 'waiting' });
    const timer = setTimeout(() => {
      model.host.request('plan', { key: run, lists }).then(
        ({ changes }) => id === asked.current && setPlan({ state: 'ready', changes }),
        (error: unknown) => id === asked.current && setPlan(failed(error)),
      );
    }, PLAN_DELAY_MS);
    return () => clearTimeout(timer);
  }, [keys, lists]);

  const setList = (index: number, change: Partial<ValueList>) =>
    setLists(lists.map((list, i) => (i === index ? { ...list, ...change } : list)));
  const valueOf = (key: string) => keys?.find((each) => each.key === key)?.value ?? '';
  const add = () => {
    const used = new Set(lists.map(({ key }) => key));
    const next =
      commonKeys.find((key) => !used.has(key) && keys?.some((each) => each.key === key)) ??
      keys?.find(({ key }) => !used.has(key))?.key;
    if (next !== undefined) setLists([...lists, { key: next, values: valueOf(next) }]);
  };
  const finish = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
      close();
    } catch (error) {
      setPlan(failed(error));
      setBusy(false);
    }
  };
  const queue = () =>
    finish(async () => {
      const { queued } = await model.host.request('queue', { key: run, lists });
      announce(queued === 1 ? t('1 run is queued.') : t('{0} runs are queued.', queued));
    });
  const open = () => finish(() => model.host.request('openNew', { key: run, lists }));
  const count = plan.state === 'ready' ? plan.changes.length : 0;
  const row = model.row(run);
  return (
    <Dialog
      title={t('New Run from {0}', row ? shownName(row) : '')}
      onClose={close}
      onSubmit={() => {
        if (count === 1 && !busy) void open();
      }}
      class="new-run-dialog"
    >
      <p class="muted">
        {t(
          'Several values separated by commas create one run each; several keys create every combination.',
        )}
      </p>
      {lists.map((list, index) => (
        <div class="value-row" key={index}>
          <select
            aria-label={t('Key {0}', index + 1)}
            value={list.key}
            onChange={(event) => {
              const key = event.currentTarget.value;
              setList(index, { key, values: valueOf(key) });
            }}
          >
            {(keys ?? []).map(({ key }) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </select>
          <input
            aria-label={t('Values of {0}', list.key)}
            value={list.values}
            spellcheck={false}
            onInput={(event) => setList(index, { values: event.currentTarget.value })}
          />
          <button
            type="button"
            class="quiet icon-only"
            aria-label={t('Exclude {0}', list.key)}
            title={t('Exclude')}
            onClick={() => setLists(lists.filter((_, i) => i !== index))}
          >
            <Icon name="cross" />
          </button>
        </div>
      ))}
      <button type="button" disabled={!keys} onClick={add}>
        <Icon name="add" />
        {t('Add Key')}
      </button>
      <PlanView plan={plan} />
      {!model.trusted && (
        <p class="muted">
          {t('Nothing can be queued: this workspace is not trusted.')}{' '}
          <button type="button" onClick={() => model.host.send({ type: 'trust' })}>
            {t('Manage Workspace Trust')}
          </button>
        </p>
      )}
      <div class="dialog-buttons">
        <button type="submit" class="primary" disabled={count !== 1 || busy}>
          {t('Open as New Configuration')}
        </button>
        <button
          type="button"
          disabled={count === 0 || busy || !model.trusted}
          onClick={() => void queue()}
        >
          {count > 1 ? t('Queue {0} Runs', count) : t('Queue Run')}
        </button>
        <button type="button" onClick={close}>
          {t('Cancel')}
        </button>
      </div>
    </Dialog>
  );
}

function PlanView({ plan }: { plan: Plan }) {
  if (plan.state === 'failed')
    return (
      <p class="problem" role="alert">
        <Icon name="error" />
        <span>{plan.message}</span>
      </p>
    );
  const changes = plan.state === 'ready' ? plan.changes : [];
  return (
    <div class="plan" role="status" aria-busy={plan.state === 'waiting'}>
      <ul>
        {changes.slice(0, MAX_SHOWN_RUNS).map((each, i) => (
          <li key={i}>{each.length === 0 ? t('The same configuration') : each.join(', ')}</li>
        ))}
        {changes.length > MAX_SHOWN_RUNS && (
          <li>{t('and {0} more', changes.length - MAX_SHOWN_RUNS)}</li>
        )}
      </ul>
    </div>
  );
}
