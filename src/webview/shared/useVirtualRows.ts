import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Rows drawn above and below the visible ones. */
const OVERSCAN = 6;

/** Rows of a virtual list that are rendered. */
export interface VirtualRows {
  /** First rendered row, and the row after the last one. */
  first: number;
  last: number;
  /** Call it when the list is scrolled. */
  onScroll: (element: HTMLElement) => void;
}

/**
 * Computes which rows of a long list to render: the visible ones and a few more. All rows have the same height, so no row
 * is measured.
 * @param box the scrolling element
 * @param count total number of rows
 * @param rowHeight in CSS pixels
 */
export function useVirtualRows(
  box: RefObject<HTMLElement>,
  count: number,
  rowHeight: number,
): VirtualRows {
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return {
    first: Math.max(0, Math.floor(top / rowHeight) - OVERSCAN),
    last: Math.min(count, Math.ceil((top + height) / rowHeight) + OVERSCAN),
    onScroll: (element) => setTop(element.scrollTop),
  };
}
