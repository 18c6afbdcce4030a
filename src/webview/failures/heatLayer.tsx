import { useLayoutEffect, useRef } from 'preact/hooks';
import { heatColor } from '../../util/heatMap';
import { transformOf } from './imagePair';
import type { Viewpoint } from './viewpoint';

/** Pixels of the longer side of a drawn map; more would only be smoother than the eye sees. */
const LONGER_SIDE = 384;

interface LayerProps {
  map: readonly number[];
  /** Patches along a side. */
  grid: number;
  /** The value with the brightest colour. */
  scale: number;
  fade: number;
  /** Width of the image by its height: the model sees it stretched to a square. */
  ratio: number;
  view: Viewpoint;
}

/** A map over an image, smooth between its patches. What it shows is said in words next to it. */
export function HeatLayer({ map, grid, scale, fade, ratio, view }: LayerProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = Math.round(LONGER_SIDE * Math.min(1, ratio));
  const height = Math.round(LONGER_SIDE * Math.min(1, 1 / ratio));
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
