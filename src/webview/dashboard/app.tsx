import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { isTyping, areKeysDisabled } from '../shared/keys';
import { KeysHelp, type KeyHelp } from '../shared/keysHelp';
import { announce, LiveRegion } from '../shared/liveRegion';
import { StateMessage } from '../shared/stateMessage';
import { t } from '../shared/translate';
import { ChartCard } from './chartCard';
import { Comparison } from './comparison';
import { useDashboard, useStore } from './context';
import { smoothedCharts, type ChartId, type XAxis } from './curve';
import { HealthNotes } from './healthNotes';
import type { DashboardState } from './messages';
import { RunHeader } from './runHeader';
import type { DashboardStore } from './store';
import { zoomKey } from './zoomKey';
import { emptyChartText, epochAnnouncement, isActive } from './viewModel';
import { WatchedPairs } from './watchedPairs';

const axes: readonly XAxis[] = ['step', 'epoch', 'time'];

/** Root component of the dashboard. */
export function App() {
  const store = useStore('data');
  const { host } = useDashboard();
  useEpochAnnouncements(store);
  useKeys();
  const [first] = store.runs;

  if (store.problem && !first)
    return (
      <StateMessage
        kind="error"
        title={store.problem.message}
        text={store.problem.hint ?? undefined}
      />
    );
  if (!first)
    return store.loaded ? (
      <StateMessage
        kind="empty"
        title={t('This run no longer exists')}
        text={t(
          'Its folder was moved or deleted. Loss, accuracy and watched pairs of a run appear here while it trains.',
        )}
        action={{
          label: t('Start NLVR Training'),
          run: () => host.send({ type: 'startTraining' }),
        }}
      />
    ) : (
      <StateMessage kind="loading" title={t('Reading the run…')} />
    );

  return (
    <>
      <main>
        <RunHeader run={first} />
        <HealthNotes />
        <Comparison />
        <Charts />
        {store.runs.map((run) => (
          <WatchedPairs key={run.header.key} run={run} />
        ))}
      </main>
      <div class="page-foot">
        <KeysHelp keys={keyList()} openByButton />
      </div>
      <LiveRegion />
    </>
  );
}

function Charts() {
  const store = useStore('data');
  const active = store.runs.some((run) => isActive(run.header.status));
  const empty = (id: ChartId) => emptyChartText(id, store.loaded, active);
  return (
    <>
      <div class="charts">
        <ChartCard id="loss" title={t('Loss')} empty={empty('loss')} titleControl={<AxisChoice />}>
          <Smoothing />
        </ChartCard>
        <ChartCard id="accuracy" title={t('Accuracy')} empty={empty('accuracy')} />
      </div>
      <CollapsibleSection id="meters" title={t('Learning rate, gradient norm, throughput, memory')}>
        {smallCharts(store).map((id) => (
          <ChartCard key={id} id={id} title={smallChartTitle(id)} empty={empty(id)}>
            {smoothedCharts.includes(id) && <Smoothing />}
          </ChartCard>
        ))}
      </CollapsibleSection>
    </>
  );
}

type SmallChartId = Exclude<ChartId, 'loss' | 'accuracy'>;

/** Returns the small charts in order; those of ranks and of the GPU only if there is data. */
function smallCharts(store: DashboardStore): readonly SmallChartId[] {
  const ranks = store.runs.some((run) => run.header.ranks || run.columns.ranks);
  const gpu = store.runs.some((run) => run.last('gpuMemory') !== null);
  return [
    ...(['lr', 'gradNorm', 'speed'] as const),
    ...(ranks ? (['ranks'] as const) : []),
    'memory',
    ...(gpu ? (['gpuMemory', 'gpuUse'] as const) : []),
  ];
}

function smallChartTitle(id: SmallChartId): string {
  return {
    lr: t('Learning rate'),
    gradNorm: t('Gradient norm'),
    speed: t('Examples per second'),
    ranks: t('Step time of each rank'),
    memory: t('Memory'),
    gpuMemory: t('GPU memory'),
    gpuUse: t('GPU use'),
  }[id];
}

function CollapsibleSection(props: {
  id: string;
  title: string;
  children: preact.ComponentChildren;
}) {
  const store = useStore('view');
  const open = store.view.open.includes(props.id);
  const content = useId();
  return (
    <section class="folded">
      <h2>
        <button
          class="quiet folded-button"
          aria-expanded={open}
          aria-controls={content}
          onClick={() => store.toggle('open', props.id)}
        >
          <Icon name="chevron" />
          {props.title}
        </button>
      </h2>
      <div id={content} class="charts charts-small" hidden={!open}>
        {open && props.children}
      </div>
    </section>
  );
}

function Smoothing() {
  const store = useStore('view');
  const { view } = store;
  return (
    <label class="control">
      {t('Smoothing')}
      <input
        type="range"
        min="0"
        max="0.99"
        step="0.01"
        value={view.smoothing}
        onInput={(event) => store.setView({ smoothing: Number(event.currentTarget.value) })}
      />
      <output class="number">{view.smoothing.toFixed(2)}</output>
    </label>
  );
}

function AxisChoice() {
  const store = useStore('view');
  const { view } = store;
  const names: Record<XAxis, string> = { step: t('step'), epoch: t('epoch'), time: t('time') };
  return (
    <label class="control">
      {t('x axis')}
      <select
        value={view.xAxis}
        onChange={(event) => chooseAxis(store, event.currentTarget.value as XAxis)}
      >
        {axes.map((axis) => (
          <option key={axis} value={axis}>
            {names[axis]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Changes the x axis and resets its range, which has other units. */
function chooseAxis(store: DashboardStore, xAxis: XAxis): void {
  store.setView({ xAxis, range: null });
}

function keyList(): KeyHelp[] {
  return [
    { keys: ['x'], description: t('next x axis: step, epoch, time') },
    {
      keys: ['l'],
      description: t('logarithmic y axis of the chart with the focus, else of the loss'),
    },
    { keys: ['o'], description: t('the same chart without outliers') },
    { keys: ['[', ']'], description: t('less, more smoothing') },
    { keys: ['m'], description: t('learning rate, gradient norm, throughput, memory') },
    { keys: ['0'], description: t('show all of the x axis; in a chart, of both axes') },
    { keys: ['f'], description: t('failed examples') },
    { keys: ['←', '→'], description: t('in a chart: previous, next point') },
    {
      keys: ['Shift', '←', '→'],
      description: t('in a chart: pan; with the mouse, Shift and drag'),
    },
    {
      keys: ['+', '-'],
      description: t(
        'in a chart: zoom; with the mouse, drag, or hold {0} and use the wheel',
        zoomKey(),
      ),
    },
    {
      keys: ['↑', '↓'],
      description: t('in a chart: zoom the y axis; with the mouse, drag over its labels'),
    },
    { keys: ['Shift', '↑', '↓'], description: t('in a chart: pan the y axis') },
    { keys: ['?'], description: t('this list') },
  ];
}

function useKeys(): void {
  const { store, host } = useDashboard();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || areKeysDisabled()) return;
      const { view } = store;
      const smooth = (by: number): Partial<DashboardState> => ({
        smoothing: Math.min(0.99, Math.max(0, Math.round((view.smoothing + by) * 100) / 100)),
      });
      switch (event.key) {
        case 'x':
          return chooseAxis(store, axes[(axes.indexOf(view.xAxis) + 1) % axes.length] ?? 'step');
        case 'l':
          return store.toggle('log', 'loss');
        case 'o':
          return store.toggle('clip', 'loss');
        case '[':
          return store.setView(smooth(-0.05));
        case ']':
          return store.setView(smooth(0.05));
        case 'm':
          return store.toggle('open', 'meters');
        case '0':
          return store.setView({ range: null });
        case 'f': {
          const [first] = store.runs;
          if (first) host.send({ type: 'action', action: 'failedExamples', run: first.header.key });
          return;
        }
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [store, host]);
}

/** Announces epochs that are evaluated while the page is open. */
function useEpochAnnouncements(store: DashboardStore): void {
  const announced = useRef(new Map<string, string>());
  useEffect(() => {
    if (!store.loaded) return;
    for (const run of store.runs) {
      const text = epochAnnouncement(run.header, run);
      if (text === null) continue;
      const before = announced.current.get(run.header.key);
      announced.current.set(run.header.key, text);
      if (before !== undefined && before !== text) announce(text);
    }
  });
}
