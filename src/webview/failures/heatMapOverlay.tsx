import { useLayoutEffect, useRef } from 'preact/hooks';
import { heatColor } from '../../util/heatMap';
import { transformOf } from './imagePair';
import type { Viewpoint } from './viewpoint';

/** Length of the map's longer side in pixels; more would not be visible. */
const MAX_SIDE_PIXELS = 384;

interface LayerProps {
  map: readonly number[];
  /** Patches along a side. */
  grid: number;
  /** Value of the brightest color. */
  scale: number;
  fade: number;
  /** Width of the image divided by its height. The model sees the image stretched to a square. */
  ratio: number;
  view: Viewpoint;
}

/** Heat map over an image, interpolated between its patches. The text next to it describes it for screen readers. */
export function HeatMapOverlay({ map, grid, scale, fade, ratio, view }: LayerProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = Math.round(MAX_SIDE_PIXELS * Math.min(1, ratio));
  const height = Math.round(MAX_SIDE_PIXELS * Math.min(1, 1 / ratio));
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    const small = document.createElement('canvas');
    small.width = small.height = grid;
    const cells = small.getContext('2d');
    if (!context || !cells) return;
    const pixels = cells.createImageData(grid, grid);
    map.forEach((value, i) =>
      pixels.data.set([...heatColor(scale > 0 ? value / scale : 0), 255], 4 * i),
    );
    cells.putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = true;
    context.drawImage(small, 0, 0, width, height);
  }, [map, grid, scale, width, height]);
  return (
    <canvas
      ref={canvas}
      class="heat"
      aria-hidden="true"
      width={width}
      height={height}
      style={{ opacity: fade, transform: transformOf(view) }}
    />
  );
}
