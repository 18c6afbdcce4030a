import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Rows drawn above and below the visible ones. */
const SPARE = 6;

/** Which rows of a virtual list are drawn. */
export interface VirtualRows {
  /** The first row that is drawn, and the one behind the last. */
  first: number;
  last: number;
  /** To be called when the list is scrolled. */
  onScroll: (element: HTMLElement) => void;
}

/**
 * The rows of a long list that are to be drawn: those in sight and a few more. All rows are alike in height, so no row is
 * measured.
 * @param box the element that scrolls
 * @param count rows in all
 * @param rowHeight CSS pixels
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
    first: Math.max(0, Math.floor(top / rowHeight) - SPARE),
    last: Math.min(count, Math.ceil((top + height) / rowHeight) + SPARE),
    onScroll: (element) => setTop(element.scrollTop),
  };
}
