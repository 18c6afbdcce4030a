import { useEffect, useRef, useState } from 'preact/hooks';
import { seriesColors } from '../shared/seriesColors';
import { onThemeChange, themeColor } from '../shared/theme';

/** What the charts are drawn with. */
export interface Colors {
  text: string;
  muted: string;
  grid: string;
  background: string;
  accent: string;
  series: string[];
  font: string;
}

/** Reads the theme; call it again after a change. */
function colors(): Colors {
  const text = themeColor('--vscode-foreground', '#888888');
  const size = Number.parseFloat(themeColor('--vscode-font-size', '13px')) || 13;
  return {
    text,
    muted: themeColor('--vscode-descriptionForeground', text),
    grid: themeColor('--vscode-editorWidget-border', '#88888859'),
    background: themeColor('--vscode-editor-background', '#ffffff'),
    accent: themeColor('--vscode-focusBorder', '#3794ff'),
    series: seriesColors(),
    font: `${Math.max(10, size - 2)}px ${themeColor('--vscode-font-family', 'sans-serif')}`,
  };
}

export interface Size {
  width: number;
  height: number;
}

/** Nothing for what is drawn, or the parts that are still to be drawn: the next one with every `next()`. */
export type Drawing = Iterator<void, void> | void;

interface CanvasProps {
  /**
   * Draws all of it, or returns its parts, each of which is drawn in a frame of its own. A new function is drawn immediately,
   * in place of what is still to come of the one before.
   */
  draw: (context: CanvasRenderingContext2D, size: Size, colors: Colors) => Drawing;
  /** Says what is drawn; missing on an overlay. */
  label?: string;
}

/** A canvas that fills its parent, sharp on every screen, redrawn after a change of size or theme. */
export function Canvas({ draw, label }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const parent = canvas.current?.parentElement;
    if (!parent) return undefined;
    const again = () => setChanges((count) => count + 1);
    const observer = new ResizeObserver(again);
    observer.observe(parent);
    const stop = onThemeChange(again);
    return () => {
      observer.disconnect();
      stop();
    };
  }, []);
  useEffect(() => {
    const element = canvas.current;
    const parent = element?.parentElement;
    const context = element?.getContext('2d');
    if (!element || !parent || !context) return undefined;
    const { clientWidth: width, clientHeight: height } = parent;
    const ratio = window.devicePixelRatio;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const parts = draw(context, { width, height }, colors());
    if (!parts) return undefined;
    element.setAttribute('aria-busy', 'true');
    return drawInFrames(parts, () => element.setAttribute('aria-busy', 'false'));
  }, [draw, changes]);
  return label === undefined ? (
    <canvas ref={canvas} class="layer" aria-hidden="true" />
  ) : (
    <canvas ref={canvas} class="layer" role="img" aria-label={label} />
  );
}

/**
 * Draws a part at once and each other one in a frame of its own.
 * @param done is called after the last one
 * @returns what ends it before
 */
export function drawInFrames(parts: Iterator<void, void>, done: () => void): () => void {
  let frame = 0;
  const next = (): void => {
    if (parts.next().done === true) done();
    else frame = requestAnimationFrame(next);
  };
  next();
  return () => cancelAnimationFrame(frame);
}

/** Where the pointer is in an element. */
export function pointIn(event: PointerEvent): { x: number; y: number } {
  const element = event.currentTarget as HTMLElement;
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
