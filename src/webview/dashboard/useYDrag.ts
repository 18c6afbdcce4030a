import type { TargetedEvent, RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ChartView } from './chartView';

/** Range that is being selected, in CSS pixels from the plot's top edge. */
export interface Band {
  top: number;
  height: number;
}

type PointerAt = TargetedEvent<HTMLDivElement, PointerEvent>;

/** Shorter drags count as clicks. */
const MIN_DRAG_PIXELS = 4;

/**
 * Zooms the y axis by dragging over its labels, where dragging has no other meaning.
 * @returns the range that is being selected, and event handlers of the plot
 */
export function useYDrag(
  box: RefObject<HTMLDivElement>,
  chart: RefObject<ChartView | undefined>,
  selected: (range: [number, number]) => void,
) {
  const from = useRef<number | null>(null);
  const [band, setBand] = useState<Band | null>(null);
  const positionIn = (event: MouseEvent): [left: number, top: number] => {
    const edge = box.current?.getBoundingClientRect();
    return [event.clientX - (edge?.left ?? 0), event.clientY - (edge?.top ?? 0)];
  };
  const isOnAxis = (event: MouseEvent): boolean =>
    chart.current?.isOnYAxis(...positionIn(event)) === true;
  return [
    band,
    {
      onPointerDown: (event: PointerAt) => {
        box.current?.focus({ preventScroll: true });
        if (event.button !== 0 || !isOnAxis(event)) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = positionIn(event)[1];
      },
      // Prevents the chart's own drag, which selects a part of x.
      onMouseDownCapture: (event: TargetedEvent<HTMLDivElement, MouseEvent>) => {
        if (isOnAxis(event)) event.stopPropagation();
      },
      onPointerMove: (event: PointerAt) => {
        event.currentTarget.style.cursor = isOnAxis(event) ? 'ns-resize' : '';
        if (from.current === null) return;
        const [, to] = positionIn(event);
        setBand({ top: Math.min(from.current, to), height: Math.abs(to - from.current) });
      },
      onPointerUp: (event: PointerAt) => {
        const [, to] = positionIn(event);
        const began = from.current;
        from.current = null;
        setBand(null);
        if (began === null || !chart.current || Math.abs(to - began) < MIN_DRAG_PIXELS) return;
        selected([chart.current.yAt(Math.max(began, to)), chart.current.yAt(Math.min(began, to))]);
      },
      onPointerCancel: () => {
        from.current = null;
        setBand(null);
      },
    },
  ] as const;
}
