import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { onThemeChange } from '../shared/theme';
import { t } from '../shared/translate';
import { drawMap, MARGIN, pixelOf, SHADE_COUNT, shades, type MapSize } from './drawMap';
import type { DynamicsColumns } from './messages';
import type { Model } from './model';
import { PointIndex } from './points';

/** Maximum distance in pixels from the pointer to the point that it selects. */
const HIT_RADIUS = 12;

interface DataMapProps {
  model: Model;
  columns: DynamicsColumns;
  rows: Int32Array<ArrayBuffer>;
  /** The active row of the list; undefined for none. */
  chosen: number | undefined;
  onChoose: (row: number) => void;
}

/**
 * Data map (Swayamdipta et al. 2020): confidence over variability, colored by correctness. It is operated with the pointer;
 * the list next to it shows the same points for keyboard users and screen readers.
 */
export function DataMap({ model, columns, rows, chosen, onChoose }: DataMapProps) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<MapSize | null>(null);
  const [theme, setTheme] = useState(0);
  const [hovered, setHovered] = useState<number | null>(null);
  const index = useMemo(() => new PointIndex(columns, rows), [columns, rows]);
  const [drawn, setDrawn] = useState(false);

  useEffect(() => onThemeChange(() => setTheme((times) => times + 1)), []);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setSize({
        width: element.clientWidth,
        height: element.clientHeight,
        pixelRatio: window.devicePixelRatio,
      }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!canvas.current || !size || size.width < 100 || size.height < 100) return;
    setDrawn(false);
    const axes = { x: t('Variability'), y: t('Confidence') };
    return drawMap(canvas.current, columns, rows, size, axes, () => setDrawn(true));
  }, [columns, rows, size, theme]);
  useEffect(() => setHovered(null), [columns, rows]);

  const pointAt = (event: MouseEvent): number | null => {
    if (!size || !canvas.current) return null;
    const { left, top } = canvas.current.getBoundingClientRect();
    const width = size.width - MARGIN.left - MARGIN.right;
    const height = size.height - MARGIN.top - MARGIN.bottom;
    const x = (event.clientX - left - MARGIN.left) / width;
    const y = 1 - (event.clientY - top - MARGIN.top) / height;
    return index.nearest(x, y, width, height, HIT_RADIUS);
  };
  return (
    <figure class="map">
      <div
        ref={box}
        class={`map-box ${hovered === null ? '' : 'pointing'}`}
        data-drawn={drawn}
        onMouseMove={(event) => setHovered(pointAt(event))}
        onMouseLeave={() => setHovered(null)}
        onClick={(event) => {
          const row = pointAt(event);
          if (row === null) return;
          onChoose(row);
          model.showRow(row);
        }}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label={t('Data map of {0} examples. The list shows the same examples.', rows.length)}
        />
        {size && chosen !== undefined && (
          <PointRing position={pixelOf(columns, chosen, size)} kind="chosen" />
        )}
        {size && hovered !== null && (
          <>
            <PointRing position={pixelOf(columns, hovered, size)} kind="hovered" />
            <PointTooltip model={model} columns={columns} row={hovered} size={size} />
          </>
        )}
      </div>
      <figcaption class="legend muted small">
        <span>{t('Never right')}</span>
        <Shades theme={theme} />
        <span>{t('Always right')}</span>
        <span class="legend-hint">{t('Click a point to open its example.')}</span>
      </figcaption>
    </figure>
  );
}

function Shades({ theme }: { theme: number }) {
  const colors = useMemo(shades, [theme]);
  const width = 100 / SHADE_COUNT;
  return (
    <svg class="shades" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      {colors.map((color, i) => (
        <rect key={i} x={i * width} width={width} height="10" style={{ fill: color }} />
      ))}
    </svg>
  );
}

function PointRing({ position: [x, y], kind }: { position: [number, number]; kind: string }) {
  return <span class={`ring ${kind}`} style={{ left: `${x}px`, top: `${y}px` }} />;
}

/** Tooltip of the point under the pointer. The host sends its sentence with a short delay. */
function PointTooltip({
  model,
  columns,
  row,
  size,
}: {
  model: Model;
  columns: DynamicsColumns;
  row: number;
  size: MapSize;
}) {
  useEffect(() => model.requestLines([row]), [row]);
  const [x, y] = pixelOf(columns, row, size);
  const line = model.line(row);
  const side = {
    ...(x < size.width / 2 ? { left: `${x + 10}px` } : { right: `${size.width - x + 10}px` }),
    ...(y < size.height / 2 ? { top: `${y + 10}px` } : { bottom: `${size.height - y + 10}px` }),
  };
  return (
    <div class="tip" style={side} aria-hidden="true">
      {line && (
        <>
          <code>{line.identifier}</code>
          <p>{line.sentence}</p>
        </>
      )}
      <p class="number muted">
        {t(
          'confidence {0} · variability {1} · correctness {2}',
          (columns.confidence[row] ?? NaN).toFixed(2),
          (columns.variability[row] ?? NaN).toFixed(2),
          (columns.correctness[row] ?? NaN).toFixed(2),
        )}
      </p>
    </div>
  );
}
