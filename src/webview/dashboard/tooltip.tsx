import { useLayoutEffect, useRef } from 'preact/hooks';
import type { PlacedMark } from './axisMarks';
import { useDashboard } from './context';
import { valueText, xText, type ChartId, type Curve } from './curve';
import { Swatch } from './legend';

interface TooltipProps {
  id: ChartId;
  x: number;
  /** CSS pixels from the left edge of the plot. */
  left: number;
  curves: readonly Curve[];
  /** Marks at the cursor. */
  marks: readonly PlacedMark[];
}

/** Tooltip with the exact values at the cursor. */
export function Tooltip({ id, x, left, curves, marks }: TooltipProps) {
  const { store } = useDashboard();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    const plot = element?.parentElement;
    if (!element || !plot) return;
    const room = plot.clientWidth - left;
    const width = element.offsetWidth + 12;
    const offset = room > width ? left + 12 : Math.max(0, left - width);
    element.style.transform = `translateX(${offset}px)`;
  });
  // The raw value is shown in the row of its smoothed curve.
  const rows = curves.filter((curve) => curve.smoothedCurve === undefined);
  const pointX = rows[0]?.at(x)?.x ?? x;
  return (
    <div class="tooltip number" ref={box} aria-hidden="true">
      <div class="tooltip-x">{xText(store.view.xAxis, pointX, store.runs)}</div>
      {marks.map(({ text }) => (
        <div key={text} class="tooltip-mark">
          {text}
        </div>
      ))}
      {rows.map((curve) => {
        const raw = curves.find((other) => other.smoothedCurve === curve.id);
        return (
          <div key={curve.id} class="tooltip-row">
            <Swatch look={curve} />
            <span class="tooltip-name">{curve.label}</span>
            <span class="tooltip-value">{valueText[id](curve.at(x)?.y ?? Number.NaN)}</span>
            {raw && (
              <span class="tooltip-raw muted">{valueText[id](raw.at(x)?.y ?? Number.NaN)}</span>
            )}
          </div>
        );
      })}
    </div>
  );
}
