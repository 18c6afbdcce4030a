import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { KeysFooter, Notice, ProgressBar } from '../shared/frame';
import { announce, LiveRegion } from '../shared/liveRegion';
import { percent, progressPercent } from '../shared/numbers';
import { predictionSetText } from '../shared/predictionSets';
import { StateMessage } from '../shared/stateMessage';
import { t } from '../shared/translate';
import { hasModifierOrIsTyping, usePanelKeys } from '../shared/usePanelKeys';
import { CalibrationTab } from './calibrationTab';
import { EpochsTab } from './epochsTab';
import { Header } from './header';
import type { Numbers, TabId } from './messages';
import { TABS } from './messages';
import type { Model } from './model';
import { NoiseTab } from './noiseTab';
import { OverviewTab } from './overviewTab';
import { RobustnessTab } from './robustnessTab';
import { SlicesTab } from './slicesTab';
import { tabText } from './texts';

/** Contents of each tab. */
const contents: Record<TabId, FunctionComponent<{ model: Model; numbers: Numbers }>> = {
  overview: OverviewTab,
  slices: SlicesTab,
  calibration: CalibrationTab,
  epochs: EpochsTab,
  noise: NoiseTab,
  robustness: RobustnessTab,
};

/** Root component of the panel, rendered after every change of the model. */
export function App({ model }: { model: Model }) {
  return (
    <>
      <Content model={model} />
      <LiveRegion />
    </>
  );
}

function Content({ model }: { model: Model }) {
  const { run, sets } = model;
  if (!run) return <StateMessage kind="loading" title={t('Opening the predictions…')} />;
  if (run.missing)
    return (
      <StateMessage
        kind="error"
        title={t('This run folder no longer exists')}
        text={run.runFolder}
      />
    );
  if (sets.length === 0)
    return (
      <StateMessage
        kind="empty"
        title={t('No predictions yet')}
        text={
          run.active
            ? t('The predictions on the validation split appear here after the first epoch.')
            : t(
                'This run has never been evaluated. Evaluate its checkpoint, or resume the training.',
              )
        }
        action={{
          label: t('Open Training Dashboard'),
          run: () => model.send({ type: 'openDashboard' }),
        }}
      />
    );
  return <Analysis model={model} />;
}

function Analysis({ model }: { model: Model }) {
  const { state, set, numbers, complete } = model;
  useEffect(() => {
    if (complete && set && numbers)
      announce(t('{0}: accuracy {1}.', predictionSetText(set), percent(numbers.accuracy)));
  }, [complete, set?.split, set?.epoch]);
  usePageKeys(model);
  return (
    <div class="panel-frame analysis" aria-busy={state.state === 'working'}>
      <Header model={model} />
      <Working model={model} />
      <Notices model={model} />
      {numbers ? (
        <Tabs model={model} numbers={numbers} />
      ) : (
        state.state === 'working' && (
          <StateMessage kind="loading" title={t('Analyzing the predictions…')} />
        )
      )}
      <KeysFooter
        keys={[
          { keys: TABS.map((_, i) => String(i + 1)), description: t('Show a tab') },
          { keys: ['↑', '↓', 'PgUp', 'PgDn', 'Home', 'End'], description: t('Move in a list') },
          { keys: ['Enter'], description: t('Open the examples in Failed Examples') },
          { keys: ['M'], description: t('Mark a candidate for label noise') },
          { keys: ['/'], description: t('Search slices') },
          { keys: ['?'], description: t('Show the keys') },
        ]}
      >
        <kbd>1</kbd>–<kbd>{TABS.length}</kbd> {t('tabs')} <kbd>↑</kbd> <kbd>↓</kbd> {t('move')}{' '}
        <kbd>Enter</kbd> {t('open examples')} <kbd>/</kbd> {t('search')}
      </KeysFooter>
    </div>
  );
}

/** Page keys: digits show a tab, `/` focuses the search of the slices. */
function usePageKeys(model: Model): void {
  usePanelKeys((event) => {
    if (hasModifierOrIsTyping(event)) return false;
    const tab = TABS[Number(event.key) - 1];
    if (tab) {
      model.setTab(tab);
      focusSoon(`[id="tab-${tab}"]`);
    } else if (event.key === '/') {
      model.setTab('slices');
      focusSoon('.search input');
    } else return false;
    return true;
  });
}

/** Focuses an element immediately if it exists, so that the next key is not lost; otherwise after the next rendering. */
function focusSoon(selector: string): void {
  const focus = (): boolean => {
    const found = document.querySelector<HTMLElement>(selector);
    found?.focus();
    return found !== null;
  };
  if (!focus()) requestAnimationFrame(() => requestAnimationFrame(focus));
}

function Tabs({ model, numbers }: { model: Model; numbers: Numbers }) {
  const list = useRef<HTMLDivElement>(null);
  const Shown = contents[model.tab];
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = TABS.indexOf(model.tab);
    const to: Readonly<Record<string, number | undefined>> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: TABS.length - 1,
    };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const tab = TABS[(next + TABS.length) % TABS.length];
    if (!tab) return;
    model.setTab(tab);
    list.current?.querySelector<HTMLElement>(`#tab-${tab}`)?.focus();
  };
  return (
    <>
      <div
        ref={list}
        class="tabs"
        role="tablist"
        aria-label={t('Parts of the analysis')}
        onKeyDown={onKeyDown}
      >
        {TABS.map((tab) => (
          <button
            key={tab}
            id={`tab-${tab}`}
            class="tab quiet"
            role="tab"
            aria-selected={tab === model.tab}
            aria-controls="tab-content"
            tabIndex={tab === model.tab ? 0 : -1}
            onClick={() => model.setTab(tab)}
          >
            {tabText(tab)}
          </button>
        ))}
      </div>
      <main
        id="tab-content"
        class={`content ${model.tab}`}
        role="tabpanel"
        aria-labelledby={`tab-${model.tab}`}
      >
        <Shown key={model.tab} model={model} numbers={numbers} />
      </main>
    </>
  );
}

/** Progress of the analysis with a Cancel button, or why it ended without a result. */
function Working({ model }: { model: Model }) {
  const { state } = model;
  const share = state.state === 'working' ? state.share : 1;
  return (
    <>
      <ProgressBar label={t('Analyzing the predictions')} share={share} />
      {state.state === 'working' && (
        <p class="working muted">
          <span class="number">{t('Analyzing: {0}', progressPercent(share))}</span>
          <button class="quiet" onClick={() => model.send({ type: 'cancel' })}>
            {t('Cancel')}
          </button>
        </p>
      )}
      {state.state === 'canceled' && (
        <Notice
          level="info"
          actions={
            <button onClick={() => model.send({ type: 'rerun' })}>{t('Analyze Again')}</button>
          }
        >
          {model.numbers
            ? t('The analysis was canceled. Some numbers may be missing.')
            : t('The analysis was canceled.')}
        </Notice>
      )}
      {state.state === 'failed' && (
        <Notice
          level="error"
          actions={
            state.trust ? (
              <button onClick={() => model.send({ type: 'manageTrust' })}>
                {t('Manage Workspace Trust')}
              </button>
            ) : (
              <button onClick={() => model.send({ type: 'rerun' })}>{t('Analyze Again')}</button>
            )
          }
        >
          {state.message} {state.hint}
        </Notice>
      )}
    </>
  );
}

function Notices({ model }: { model: Model }) {
  const { notice } = model;
  if (!notice) return null;
  return (
    <Notice level={notice.level} onDismiss={() => model.dismissNotice()}>
      {notice.message}
    </Notice>
  );
}
