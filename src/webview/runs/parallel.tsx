import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../shared/translate';
import { Canvas, pointIn, type Colors, type Size } from './canvas';
import type { Column, Row } from './columns';
import type { ColumnFilter } from './messages';
import type { Model } from './model';
import { RunTooltip } from './runTooltip';
import { scaleOf, wantsLog, type Scale } from './scales';
import { Legend } from './scatter';
import { colorOf, seriesOf } from './series';

const MARGIN = { left: 60, right: 60, top: 34, bottom: 24 };
/** Maximum distance in pixels between the pointer and an axis. */
const AXIS_HIT_PIXELS = 14;
const LINE_HIT_PIXELS = 8;
const MAX_SUGGESTED_AXES = 5;
/** Number of lines that can be drawn within a frame without a GPU; thousands at once would block the page. */
const LINES_PER_FRAME = 150;

interface Pointer {
  x: number;
  y: number;
  /** Index of the axis on which a range is being drawn, and the start of the range. */
  axis?: number;
  from?: number;
}

/** Returns the shown axes: the chosen ones, otherwise keys that differ and the validation accuracy. */
export function axesOf(model: Model): Column[] {
  const chosen = model.view.axes.flatMap((id) => model.column(id) ?? []);
  if (chosen.length > 0) return chosen;
  const keys = model.columns.filter(
    ({ id, key, width }) => key !== undefined && width < 180 && model.view.shown[id] !== false,
  );
  const accuracy = model.column('val_accuracy');
  return [...keys.slice(0, MAX_SUGGESTED_AXES), ...(accuracy ? [accuracy] : [])];
}

/**
 * Parallel coordinates: one line per run over several columns. A range drawn on an axis filters the table by that column;
 * clicking a line opens its run.
 */
export function Parallel({ model }: { model: Model }) {
  const axes = axesOf(model);
  const { searched, shown } = model;
  const ids = axes.map(({ id }) => id).join('\0');
  const scales = useMemo(
    () => axes.map((column) => scaleOf(column, searched, wantsLog(column, searched))),
    [ids, searched, model.columns],
  );
  const series = seriesOf(model);
  const size = useRef<Size>({ width: 1, height: 1 });
  const [pointer, setPointer] = useState<Pointer>();
  const filters = JSON.stringify(model.view.filters);
  const selection = [...model.selected].join('\0');

  const drawLines = useCallback(
    function* (context: CanvasRenderingContext2D, now: Size, colors: Colors) {
      size.current = now;
      const passing = new Set(shown);
      let drawn = 0;
      for (const row of searched) {
        if (passing.has(row)) continue;
        context.lineWidth = 1;
        context.strokeStyle = colors.muted;
        context.globalAlpha = 0.12;
        strokeRow(context, row, scales, now);
        if (++drawn % LINES_PER_FRAME === 0) yield;
      }
      // Selected lines are drawn on top.
      const isSelected = ({ key }: Row) => model.selected.has(key);
      const others = shown.filter((row) => !isSelected(row));
      for (const row of [...others, ...shown.filter(isSelected)]) {
        const marked = isSelected(row);
        context.globalAlpha = marked ? 1 : Math.max(0.15, Math.min(0.8, 60 / shown.length));
        context.lineWidth = marked ? 2.5 : 1.2;
        context.strokeStyle = colorOf(series, row, colors);
        strokeRow(context, row, scales, now);
        if (++drawn % LINES_PER_FRAME === 0) yield;
      }
    },
    [scales, shown, searched, selection, model.colors, model.view.group],
  );
  const drawAxes = useCallback(
    (context: CanvasRenderingContext2D, now: Size, colors: Colors) => {
      scales.forEach((scale, i) => {
        drawAxis(context, scale, axisX(i, scales.length, now), now, colors);
        const filter = model.view.filters[scale.column.id];
        if (filter) drawRange(context, scale, filter, axisX(i, scales.length, now), now, colors);
      });
    },
    [scales, filters],
  );
  const hovered =
    pointer && pointer.axis === undefined
      ? nearestLine(shown, scales, size.current, pointer)
      : undefined;
  const drawOverlay = useCallback(
    (context: CanvasRenderingContext2D, now: Size, colors: Colors) => {
      context.strokeStyle = colors.accent;
      context.lineWidth = 2.5;
      if (hovered) strokeRow(context, hovered, scales, now);
      if (pointer?.axis !== undefined && pointer.from !== undefined) {
        const x = axisX(pointer.axis, scales.length, now);
        context.strokeRect(x - 8, pointer.from, 16, pointer.y - pointer.from);
      }
    },
    [hovered, pointer, scales],
  );

  const onUp = () => {
    if (!pointer) return;
    const { axis, from, ...place } = pointer;
    setPointer(place);
    const scale = axis === undefined ? undefined : scales[axis];
    if (scale && from !== undefined) {
      const range = Math.abs(place.y - from) < 4 ? {} : rangeOf(scale, from, place.y, size.current);
      model.filter(scale.column.id, range);
    } else if (hovered) model.act('open', [hovered]);
  };
  return (
    <div class="chart-view">
      <div class="chart-bar">
        <button onClick={() => model.open({ kind: 'axes' })}>{t('Axes…')}</button>
        <span class="muted">
          {t('Drag along an axis to filter by it. Click an axis to clear its filter.')}
        </span>
      </div>
      <Legend series={series} />
      <div
        class="plot"
        onPointerMove={(event) => {
          const place = pointIn(event);
          setPointer((before) => ({ ...before, ...place }));
        }}
        onPointerDown={(event) => {
          const place = pointIn(event);
          const axis = nearestAxis(scales.length, size.current, place.x);
          if (axis === undefined) return setPointer(place);
          event.currentTarget.setPointerCapture(event.pointerId);
          setPointer({ ...place, axis, from: place.y });
        }}
        onPointerUp={onUp}
        onPointerLeave={() => setPointer(undefined)}
      >
        <Canvas
          draw={drawLines}
          label={t(
            'Parallel coordinates of {0}: {1} runs. The table has the same numbers.',
            axes.map(({ title }) => title).join(', '),
            shown.length,
          )}
        />
        <Canvas draw={drawAxes} />
        <Canvas draw={drawOverlay} />
        {hovered && pointer && (
          <RunTooltip row={hovered} columns={axes} x={pointer.x} y={pointer.y} />
        )}
      </div>
    </div>
  );
}

function axisX(index: number, count: number, { width }: Size): number {
  const across = width - MARGIN.left - MARGIN.right;
  return MARGIN.left + (count === 1 ? across / 2 : (index / (count - 1)) * across);
}

function yOf(share: number, { height }: Size): number {
  return MARGIN.top + (1 - share) * (height - MARGIN.top - MARGIN.bottom);
}

/** Draws a line through the values of a row, with a gap where it has none. */
function strokeRow(
  context: CanvasRenderingContext2D,
  row: Row,
  scales: readonly Scale[],
  size: Size,
): void {
  let drawing = false;
  context.beginPath();
  scales.forEach((scale, i) => {
    const at = scale.at(row);
    if (at !== null) {
      const [x, y] = [axisX(i, scales.length, size), yOf(at, size)];
      if (drawing) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
    drawing = at !== null;
  });
  context.stroke();
}

function drawAxis(
  context: CanvasRenderingContext2D,
  scale: Scale,
  x: number,
  size: Size,
  colors: Colors,
): void {
  context.strokeStyle = colors.text;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, yOf(1, size));
  context.lineTo(x, yOf(0, size));
  context.stroke();
  context.font = colors.font;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = colors.text;
  context.fillText(scale.column.title, x, 14, 2 * MARGIN.left - 8);
  context.fillStyle = colors.muted;
  context.textAlign = 'right';
  // Outline the labels, so that they are readable over lines.
  context.lineWidth = 3;
  context.strokeStyle = colors.background;
  for (const { at, text } of scale.ticks) {
    const place = [x - 6, yOf(at, size), MARGIN.left - 10] as const;
    context.strokeText(text, ...place);
    context.fillText(text, ...place);
  }
}

function drawRange(
  context: CanvasRenderingContext2D,
  scale: Scale,
  { values, min, max }: ColumnFilter,
  x: number,
  size: Size,
  colors: Colors,
): void {
  context.fillStyle = colors.accent;
  context.globalAlpha = 0.35;
  if (values && scale.labels)
    scale.labels.forEach((label, i) => {
      const last = Math.max(1, (scale.labels?.length ?? 1) - 1);
      if (values.includes(label)) context.fillRect(x - 6, yOf(i / last, size) - 4, 12, 8);
    });
  else {
    const [low, high] = [shareOf(scale, min) ?? 0, shareOf(scale, max) ?? 1];
    context.fillRect(x - 6, yOf(high, size), 12, yOf(low, size) - yOf(high, size));
  }
  context.globalAlpha = 1;
}

/** Returns the position of a number on a scale, 0 to 1. */
function shareOf(scale: Scale, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const [from, to] = [scale.value(0), scale.value(1)];
  const share = scale.log
    ? (Math.log10(value) - Math.log10(from)) / (Math.log10(to) - Math.log10(from))
    : (value - from) / (to - from);
  return Math.max(0, Math.min(1, share));
}

/** Returns the filter of a range on an axis. */
function rangeOf(scale: Scale, from: number, to: number, { height }: Size): ColumnFilter {
  const share = (y: number): number => 1 - (y - MARGIN.top) / (height - MARGIN.top - MARGIN.bottom);
  const [low, high] = [share(Math.max(from, to)), share(Math.min(from, to))];
  const [min, max] = [scale.value(low), scale.value(high)];
  if (!scale.labels) return { min, max };
  return { values: scale.labels.filter((_, i) => i >= min - 1e-9 && i <= max + 1e-9) };
}

function nearestAxis(count: number, size: Size, x: number): number | undefined {
  for (let i = 0; i < count; i++)
    if (Math.abs(axisX(i, count, size) - x) <= AXIS_HIT_PIXELS) return i;
  return undefined;
}

/** Returns the row whose line is closest to the pointer; undefined if none is near. */
function nearestLine(
  rows: readonly Row[],
  scales: readonly Scale[],
  size: Size,
  { x, y }: Pointer,
): Row | undefined {
  const right = scales.findIndex((_, i) => axisX(i, scales.length, size) >= x);
  const [a, b] = [scales[right - 1], scales[right]];
  if (!a || !b) return undefined;
  const [from, to] = [axisX(right - 1, scales.length, size), axisX(right, scales.length, size)];
  const share = (x - from) / (to - from);
  let found: Row | undefined;
  let distance = LINE_HIT_PIXELS;
  for (const row of rows) {
    const [start, end] = [a.at(row), b.at(row)];
    if (start === null || end === null) continue;
    const away = Math.abs(yOf(start + share * (end - start), size) - y);
    if (away >= distance) continue;
    found = row;
    distance = away;
  }
  return found;
}
