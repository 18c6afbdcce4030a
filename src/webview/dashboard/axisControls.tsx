import { useEffect, useState } from 'preact/hooks';
import { t } from '../shared/translate';
import { useDashboard, useStore } from './context';
import type { ChartId } from './curve';
import type { YAxis } from './yAxis';

/** Unit in which the bounds of a chart are entered, and its size in the chart's units. */
const inputUnits: Partial<Record<ChartId, { unit: string; size: number }>> = {
  accuracy: { unit: '%', size: 0.01 },
  gpuUse: { unit: '%', size: 0.01 },
  memory: { unit: 'GB', size: 1e9 },
  gpuMemory: { unit: 'GB', size: 1e9 },
  ranks: { unit: 's', size: 1 },
};

interface AxisControlsProps {
  id: ChartId;
  /** Returns the visible axis; undefined while the chart is not drawn. */
  axis: { current: (() => YAxis) | undefined };
}

/** Settings of a chart's y axis: logarithmic scale, outliers, and range. */
export function AxisControls({ id, axis }: AxisControlsProps) {
  const store = useStore('view');
  const { log, clip, yRanges } = store.view;
  const range = yRanges[id];
  const { unit, size } = inputUnits[id] ?? { unit: '', size: 1 };
  return (
    <div class="axis-controls" role="group" aria-label={t('y axis')}>
      <label class="control">
        <input
          type="checkbox"
          checked={log.includes(id)}
          onChange={() => store.toggle('log', id)}
        />
        {t('log y')}
      </label>
      <label class="control">
        <input
          type="checkbox"
          checked={clip.includes(id)}
          disabled={range !== undefined}
          onChange={() => store.toggle('clip', id)}
        />
        {t('exclude outliers')}
      </label>
      <Bounds key={id} id={id} axis={axis} unit={unit} size={size} />
    </div>
  );
}

interface BoundsProps extends AxisControlsProps {
  unit: string;
  size: number;
}

/** Fields for the two ends of the range. An empty field keeps the visible end. */
function Bounds({ id, axis, unit, size }: BoundsProps) {
  const { store } = useDashboard();
  const range = store.view.yRanges[id];
  const write = (value: number | undefined): string =>
    value === undefined ? '' : String(Number((value / size).toPrecision(4)));
  const [texts, setTexts] = useState([write(range?.[0]), write(range?.[1])]);
  const [wrong, setWrong] = useState(false);
  const [low, high] = range ?? [];
  // Zooming with the mouse changes the numbers.
  useEffect(() => {
    setTexts([write(low), write(high)]);
    setWrong(false);
  }, [low, high, size]);

  const apply = (index: 0 | 1, text: string) => {
    const next = texts.map((each, i) => (i === index ? text.trim() : each));
    setTexts(next);
    if (next.every((each) => each === '')) {
      store.setYRange(id, null);
      setWrong(false);
      return;
    }
    const shown = axis.current?.().range ?? [0, 1];
    const [from, to] = next.map((each, i) => (each === '' ? shown[i] : Number(each) * size));
    const fits = Number.isFinite(from) && Number.isFinite(to) && from < to;
    setWrong(!fits);
    if (fits) store.setYRange(id, [from, to]);
  };
  const field = (index: 0 | 1, label: string) => (
    <label class="control">
      {label}
      <input
        type="text"
        inputMode="decimal"
        class="axis-bound"
        value={texts[index]}
        aria-invalid={wrong}
        onChange={(event) => apply(index, event.currentTarget.value)}
      />
    </label>
  );
  return (
    <>
      {field(0, t('from'))}
      {field(1, t('to'))}
      {unit !== '' && <span class="muted">{unit}</span>}
      {wrong && (
        <span class="axis-problem" role="alert">
          {t('Enter two numbers, the smaller one first.')}
        </span>
      )}
    </>
  );
}
