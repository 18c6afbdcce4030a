import { useEffect, useRef, useState } from 'preact/hooks';
import { seriesColors } from '../shared/seriesColors';
import { onThemeChange, themeColor } from '../shared/theme';

/** Colors and font of the charts. */
export interface Colors {
  text: string;
  muted: string;
  grid: string;
  background: string;
  accent: string;
  series: string[];
  font: string;
}

/** Reads colors and font from the theme. Call it again after a theme change. */
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

/** Nothing if the drawing is complete, or an iterator that draws the next part with every `next()`. */
export type Drawing = Iterator<void, void> | void;

interface CanvasProps {
  /**
   * Draws everything, or returns parts that are drawn in separate frames. A new function replaces the remaining parts of
   * the previous one.
   */
  draw: (context: CanvasRenderingContext2D, size: Size, colors: Colors) => Drawing;
  /** Accessible description; omitted for an overlay. */
  label?: string;
}

/** Canvas that fills its parent at device resolution and is redrawn after changes of size or theme. */
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
 * Draws the first part immediately and every further part in a separate frame.
 * @param done called after the last part
 * @returns a function that cancels the remaining parts
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

/** Returns the position of a pointer in an element. */
export function pointIn(event: PointerEvent): { x: number; y: number } {
  const element = event.currentTarget as HTMLElement;
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
