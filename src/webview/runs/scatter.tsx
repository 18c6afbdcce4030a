import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../shared/translate';
import { Canvas, pointIn, type Colors, type Size } from './canvas';
import type { Column, Row } from './columns';
import type { Model } from './model';
import { RunTooltip } from './runTooltip';
import { scaleOf, wantsLog, type Scale } from './scales';
import { colorOf, seriesOf, type Series } from './series';

const MARGIN = { left: 76, right: 20, top: 12, bottom: 40 };
const RADIUS = 4;
const HIT_RADIUS = 10;

interface Point {
  row: Row;
  x: number;
  y: number;
}

interface Pointer {
  x: number;
  y: number;
  from?: { x: number; y: number };
}

/** Scatter plot of two columns. Clicking a point opens its run; dragging a rectangle selects runs. */
export function Scatter({ model }: { model: Model }) {
  const columns = model.columns;
  const yColumn = model.column(model.view.y) ?? columns[0];
  const xColumn =
    model.column(model.view.x) ?? columns.find(({ key }) => key !== undefined) ?? columns.at(-1);
  const { shown } = model;
  const series = seriesOf(model);
  const { logY } = model.view;
  const suggested = model.view.x === '' && xColumn !== undefined;
  const logX = suggested ? wantsLog(xColumn, shown) : model.view.logX;
  const x = useMemo(() => xColumn && scaleOf(xColumn, shown, logX), [xColumn, shown, logX]);
  const y = useMemo(() => yColumn && scaleOf(yColumn, shown, logY), [yColumn, shown, logY]);
  if (!x || !y) return null;
  const hidden = shown.filter((row) => x.at(row) === null || y.at(row) === null).length;
  return (
    <div class="chart-view">
      <div class="chart-bar">
        <AxisChoice model={model} which="x" scale={x} />
        <AxisChoice model={model} which="y" scale={y} />
        {hidden > 0 && (
          <span class="muted">
            {hidden === 1 ? t('1 run has no value.') : t('{0} runs have no value.', hidden)}
          </span>
        )}
      </div>
      <Legend series={series} />
      <Plot model={model} x={x} y={y} series={series} />
    </div>
  );
}

function AxisChoice({ model, which, scale }: { model: Model; which: 'x' | 'y'; scale: Scale }) {
  const { log } = scale;
  return (
    <span class="axis-choice">
      <label>
        {which === 'x' ? t('X axis') : t('Y axis')}{' '}
        <select
          name={which}
          value={scale.column.id}
          onChange={(event) => {
            const column = model.column(event.currentTarget.value);
            if (!column) return;
            const log = wantsLog(column, model.shown);
            model.change(which === 'x' ? { x: column.id, logX: log } : { y: column.id, logY: log });
          }}
        >
          {model.columns.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={log}
          disabled={!scale.column.numeric}
          onChange={(event) =>
            model.change(
              which === 'x'
                ? { x: scale.column.id, logX: event.currentTarget.checked }
                : { logY: event.currentTarget.checked },
            )
          }
        />
        {t('Log')}
      </label>
    </span>
  );
}

/** Legend of the groups' colors. */
export function Legend({ series }: { series: Series }) {
  if (series.groups.length === 0) return null;
  return (
    <div class="legend">
      <span class="muted">{series.title}</span>
      {series.groups.map((group, i) => (
        <span key={group}>
          <span class={`swatch swatch-${i % 6}`} aria-hidden="true" /> {group}
        </span>
      ))}
    </div>
  );
}

interface PlotProps {
  model: Model;
  x: Scale;
  y: Scale;
  series: Series;
}

function Plot({ model, x, y, series }: PlotProps) {
  const { shown, selected } = model;
  const points = useRef<Point[]>([]);
  const [pointer, setPointer] = useState<Pointer>();
  const selection = [...selected].join('\0');
  const draw = useCallback(
    (context: CanvasRenderingContext2D, size: Size, colors: Colors) => {
      drawAxes(context, size, colors, x, y);
      points.current = positioned(shown, x, y, size);
      for (const { row, x: left, y: top } of points.current) {
        const marked = selected.has(row.key);
        context.globalAlpha = marked ? 1 : 0.7;
        context.fillStyle = colorOf(series, row, colors);
        context.beginPath();
        context.arc(left, top, marked ? RADIUS + 1 : RADIUS, 0, 2 * Math.PI);
        context.fill();
        if (!marked) continue;
        context.strokeStyle = colors.text;
        context.lineWidth = 2;
        context.stroke();
      }
      context.globalAlpha = 1;
    },
    [shown, x, y, selection, model.colors, model.view.group],
  );
  const hovered = pointer && !pointer.from ? nearest(points.current, pointer) : undefined;
  const drawOverlay = useCallback(
    (context: CanvasRenderingContext2D, _: Size, colors: Colors) => {
      context.strokeStyle = colors.accent;
      context.lineWidth = 2;
      if (hovered) {
        context.beginPath();
        context.arc(hovered.x, hovered.y, RADIUS + 3, 0, 2 * Math.PI);
        context.stroke();
      }
      const from = pointer?.from;
      if (pointer && from)
        context.strokeRect(from.x, from.y, pointer.x - from.x, pointer.y - from.y);
    },
    [hovered, pointer],
  );
  const onUp = () => {
    const from = pointer?.from;
    if (!pointer || !from) return;
    if (Math.hypot(pointer.x - from.x, pointer.y - from.y) < 4) {
      const hit = nearest(points.current, pointer);
      if (hit) model.act('open', [hit.row]);
    } else
      model.selectOnly(
        points.current.filter((point) => within(point, pointer, from)).map(({ row }) => row.key),
      );
    setPointer({ x: pointer.x, y: pointer.y });
  };
  return (
    <div
      class="plot"
      onPointerMove={(event) => {
        const place = pointIn(event);
        setPointer((before) => ({ ...place, ...(before?.from && { from: before.from }) }));
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const place = pointIn(event);
        setPointer({ ...place, from: place });
      }}
      onPointerUp={onUp}
      onPointerLeave={() => setPointer(undefined)}
    >
      <Canvas
        draw={draw}
        label={t(
          'Scatter plot of {0} against {1}: {2} runs. The table has the same numbers.',
          y.column.title,
          x.column.title,
          shown.length,
        )}
      />
      <Canvas draw={drawOverlay} />
      {hovered && (
        <RunTooltip row={hovered.row} columns={tipColumns(x, y)} x={hovered.x} y={hovered.y} />
      )}
    </div>
  );
}

function tipColumns(x: Scale, y: Scale): Column[] {
  return x.column === y.column ? [x.column] : [x.column, y.column];
}

function positioned(rows: readonly Row[], x: Scale, y: Scale, { width, height }: Size): Point[] {
  const across = width - MARGIN.left - MARGIN.right;
  const down = height - MARGIN.top - MARGIN.bottom;
  return rows.flatMap((row) => {
    const [left, up] = [x.at(row), y.at(row)];
    return left === null || up === null
      ? []
      : [{ row, x: MARGIN.left + left * across, y: MARGIN.top + (1 - up) * down }];
  });
}

function nearest(points: readonly Point[], { x, y }: Pointer): Point | undefined {
  let found: Point | undefined;
  let distance = HIT_RADIUS;
  for (const point of points) {
    const away = Math.hypot(point.x - x, point.y - y);
    if (away >= distance) continue;
    found = point;
    distance = away;
  }
  return found;
}

function within(point: Point, a: Pointer, b: { x: number; y: number }): boolean {
  const between = (value: number, one: number, other: number): boolean =>
    value >= Math.min(one, other) && value <= Math.max(one, other);
  return between(point.x, a.x, b.x) && between(point.y, a.y, b.y);
}

function drawAxes(
  context: CanvasRenderingContext2D,
  { width, height }: Size,
  colors: Colors,
  x: Scale,
  y: Scale,
): void {
  const bottom = height - MARGIN.bottom;
  context.font = colors.font;
  context.fillStyle = colors.muted;
  context.strokeStyle = colors.grid;
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { at, text } of y.ticks) {
    const top = MARGIN.top + (1 - at) * (bottom - MARGIN.top);
    line(context, MARGIN.left, top, width - MARGIN.right, top);
    context.fillText(text, MARGIN.left - 6, top, MARGIN.left - 10);
  }
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const room = (width - MARGIN.left - MARGIN.right) / Math.max(1, x.ticks.length);
  for (const { at, text } of x.ticks) {
    const left = MARGIN.left + at * (width - MARGIN.left - MARGIN.right);
    line(context, left, MARGIN.top, left, bottom);
    context.fillText(text, left, bottom + 4, room - 4);
  }
  context.fillStyle = colors.text;
  context.fillText(
    x.column.title,
    MARGIN.left + (width - MARGIN.left - MARGIN.right) / 2,
    bottom + 20,
  );
}

function line(
  context: CanvasRenderingContext2D,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
): void {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
