import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { onThemeChange } from '../shared/theme';
import { t } from '../shared/translate';
import { AxisControls } from './axisControls';
import { axisMarks, type PlacedMark } from './axisMarks';
import { keyCommand } from './chartKeys';
import { ChartTable } from './chartTable';
import { ChartView } from './chartView';
import { useDashboard, useStore } from './context';
import type { Range } from './range';
import { isHidden, valueText, xText, type ChartId, type Curve } from './curve';
import { Legend } from './legend';
import { curvesCsv } from './table';
import { Tooltip } from './tooltip';
import { useHint } from './useHint';
import { useYDrag } from './useYDrag';
import { zoomedY, type YAxis } from './yAxis';
import { zoomKey } from './zoomKey';

/** Zoom factor of the y axis per wheel event. */
const WHEEL_FACTOR = 1.15;

/** Keys that toggle an option of the focused chart. */
const toggleKeys: Readonly<Record<string, 'log' | 'clip' | undefined>> = { l: 'log', o: 'clip' };

interface ChartCardProps {
  id: ChartId;
  title: string;
  /** Placeholder without data. */
  empty: string;
  /** Control next to the title. */
  titleControl?: ComponentChildren;
  /** Controls next to the legend. */
  children?: ComponentChildren;
}

/** Chart with legend, tooltip and buttons, and a table as an accessible alternative. */
export function ChartCard({ id, title, empty, titleControl, children }: ChartCardProps) {
  const store = useStore('data', 'view');
  const { host } = useDashboard();
  const heading = useId();
  const { view, version } = store;
  const { xAxis, smoothing, hidden, pinned } = view;
  const curves = useMemo(() => store.curves(id), [store, id, version, xAxis, smoothing, pinned]);
  const shown = useMemo(() => curves.filter((curve) => !isHidden(curve, hidden)), [curves, hidden]);
  const marks = useMemo(() => axisMarks(store.runs, xAxis), [store, version, xAxis]);
  const asTable = view.open.includes(`table:${id}`);
  const withAxis = view.open.includes(`axis:${id}`);
  const axis = useRef<(() => YAxis) | undefined>(undefined);
  const png = useRef<(() => Promise<Uint8Array>) | undefined>(undefined);
  const [busy, setBusy] = useState(false);

  const fail = (error: unknown) => announce(error instanceof Error ? error.message : String(error));
  const save = () => {
    if (!png.current) return;
    setBusy(true);
    png
      .current()
      .then((bytes) => host.request('savePng', { name: `nlvr-${id}`, png: bytes }))
      .then((name) => {
        if (name !== null) announce(t('Saved as {0}', name));
      }, fail)
      .finally(() => setBusy(false));
  };
  const copy = () => {
    const text = curvesCsv(shown, view.range, view.xAxis);
    host.request('copyText', { text }).then(() => announce(t('Copied as CSV')), fail);
  };

  return (
    <section class="chart-card" aria-labelledby={heading}>
      <div class="card-head">
        <h2 id={heading}>{title}</h2>
        {titleControl}
        <div class="card-actions">
          {(view.range !== null || view.yRanges[id] !== undefined) && (
            <CardButton icon="reset" label={t('Reset Zoom')} run={() => store.resetZoom(id)} />
          )}
          <CardButton
            icon="axis"
            label={withAxis ? t('Hide Y Axis Settings') : t('Show Y Axis Settings')}
            active={withAxis}
            run={() => store.toggle('open', `axis:${id}`)}
          />
          <CardButton
            icon="table"
            label={asTable ? t('Show as Chart') : t('Show as Table')}
            active={asTable}
            run={() => store.toggle('open', `table:${id}`)}
          />
          <CardButton
            icon="copy"
            label={t('Copy as CSV')}
            run={copy}
            disabled={shown.length === 0}
          />
          <CardButton
            icon="save"
            label={t('Save as PNG')}
            run={save}
            disabled={busy || asTable || shown.length === 0}
          />
        </div>
      </div>
      <div class="card-second">
        <Legend curves={curves} />
        <div class="card-controls">{children}</div>
      </div>
      {withAxis && <AxisControls id={id} axis={axis} />}
      {curves.length === 0 ? (
        <p class="chart-empty muted">{empty}</p>
      ) : asTable ? (
        <ChartTable id={id} title={title} curves={shown} />
      ) : (
        <Plot id={id} title={title} curves={shown} marks={marks} png={png} axis={axis} />
      )}
    </section>
  );
}

interface CardButtonProps {
  icon: 'reset' | 'axis' | 'table' | 'copy' | 'save';
  label: string;
  run: () => void;
  disabled?: boolean;
  /** Whether the button is shown as active; its label describes the action of a click. */
  active?: boolean;
}

function CardButton({ icon, label, run, disabled, active }: CardButtonProps) {
  return (
    <button
      class={`quiet icon-only ${active === true ? 'active' : ''}`}
      aria-label={label}
      title={label}
      onClick={run}
      disabled={disabled === true}
    >
      <Icon name={icon} />
    </button>
  );
}

interface PlotProps {
  id: ChartId;
  title: string;
  curves: Curve[];
  marks: readonly PlacedMark[];
  png: { current: (() => Promise<Uint8Array>) | undefined };
  axis: { current: (() => YAxis) | undefined };
}

/** Plot area of a chart: cursor, zooming and panning with mouse, touch and keyboard. */
function Plot({ id, title, curves, marks, png, axis }: PlotProps) {
  const { store, cursor } = useDashboard();
  const { view } = store;
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ChartView | undefined>(undefined);
  const [pointer, setPointer] = useState<number | null>(null);
  /** Whether the cursor is moved in this chart and not in another one. */
  const [pointed, setPointed] = useState(false);
  const isPointed = useRef(false);
  const point = (here: boolean) => {
    isPointed.current = here;
    setPointed(here);
  };
  const help = useId();
  const [hint, showHint] = useHint();

  useLayoutEffect(() => {
    if (!canvas.current) return;
    const view = new ChartView(canvas.current, {
      onRange: (range) => store.setView({ range: range && [range[0], range[1]] }),
      onFirstPaint: () => performance.mark(`nlvr:painted:${id}`),
      wheelZooms: (event) => {
        const zooms = event.ctrlKey || event.metaKey;
        showHint(!zooms);
        if (!zooms || !view.isOnYAxis(event.offsetX, event.offsetY)) return zooms;
        event.preventDefault();
        const factor = event.deltaY < 0 ? 1 / WHEEL_FACTOR : WHEEL_FACTOR;
        store.setYRange(id, zoomedY(view.yAxis, factor, view.yAt(event.offsetY)));
        return false;
      },
    });
    chart.current = view;
    png.current = () => view.png();
    axis.current = () => view.yAxis;
    const unsubscribe = [
      onThemeChange(() => view.restyle()),
      cursor.subscribe((x) => {
        view.setCursor(x);
        if (isPointed.current || x === null) setPointer(x);
      }),
    ];
    return () => {
      for (const stop of unsubscribe) stop();
      png.current = undefined;
      axis.current = undefined;
      view.destroy();
    };
  }, [id, store, cursor, png, axis, showHint]);

  const { xAxis, range, pinned } = view;
  const logY = view.log.includes(id);
  const clip = view.clip.includes(id);
  const yRange = view.yRanges[id] ?? null;
  // A layout effect, so that chart and controls change in the same frame.
  useLayoutEffect(() => {
    chart.current?.show({ id, curves, marks, axis: xAxis, logY, range, yRange, clip, pinned });
  }, [id, curves, marks, xAxis, logY, range, yRange, clip, pinned]);

  const end = curves.reduce((most, curve) => Math.max(most, curve.end), 0);
  const full: Range = [0, end];
  const onKey = (event: KeyboardEvent) => {
    const list = toggleKeys[event.key];
    const y = chart.current?.yAxis;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (list && plain) {
      event.preventDefault();
      store.toggle(list, id);
      return;
    }
    const next = y && keyCommand(event, store.view.range ?? full, full, cursor.value, y);
    if (!next) return;
    event.preventDefault();
    if ('range' in next) store.setView({ range: next.range });
    else if ('yRange' in next) store.setYRange(id, next.yRange);
    else if ('all' in next) store.resetZoom(id);
    else {
      point(true);
      const main = curves.find((curve) => curve.smoothedCurve === undefined);
      const at = next.cursor === null ? null : (main?.at(next.cursor)?.x ?? next.cursor);
      cursor.set(at);
      if (at !== null) announce(pointText(at));
    }
  };
  const [band, dragAxis] = useYDrag(box, chart, (drawn) => store.setYRange(id, drawn));
  const marksAt = (x: number): PlacedMark[] => chart.current?.marksAt(x) ?? [];
  const pointText = (x: number): string =>
    [
      xText(view.xAxis, x, store.runs),
      ...marksAt(x).map(({ text }) => text),
      ...curves
        .filter((curve) => curve.smoothedCurve === undefined)
        .map((curve) => `${curve.label} ${valueText[id](curve.at(x)?.y ?? Number.NaN)}`),
    ].join(', ');

  return (
    <div
      class="plot"
      ref={box}
      role="group"
      tabIndex={0}
      aria-label={t('Chart: {0}', title)}
      aria-describedby={help}
      onKeyDown={onKey}
      onPointerEnter={() => point(true)}
      onFocus={() => point(true)}
      onBlur={() => point(false)}
      {...dragAxis}
      onPointerMove={(event) => {
        dragAxis.onPointerMove(event);
        const left = canvas.current?.getBoundingClientRect().left ?? 0;
        cursor.set(chart.current?.xAt(event.clientX - left) ?? null);
      }}
      onPointerLeave={() => {
        point(false);
        cursor.set(null);
      }}
      onDblClick={() => store.resetZoom(id)}
    >
      <span id={help} class="visually-hidden">
        {t(
          'Left and right arrow read the points; plus and minus zoom; up and down arrow zoom the y axis; 0 shows all; question mark lists all keys.',
        )}
      </span>
      <canvas ref={canvas} aria-hidden="true" />
      {band && <div class="plot-band" style={{ top: band.top, height: band.height }} />}
      {pointed && pointer !== null && chart.current && (
        <Tooltip
          id={id}
          x={pointer}
          left={chart.current.pixelOf(pointer)}
          curves={curves}
          marks={marksAt(pointer)}
        />
      )}
      {hint && (
        <span class="plot-hint" aria-hidden="true">
          {t('Hold {0} and use the wheel to zoom', zoomKey())}
        </span>
      )}
    </div>
  );
}
