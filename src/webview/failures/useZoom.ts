import type { MutableRef } from 'preact/hooks';
import { useRef, useState } from 'preact/hooks';
import type { KeyAction } from './keys';
import { findContentView } from './contentView';
import type { DetailImage } from './messages';
import type { Model } from './model';
import { panned, WHOLE, zoomed, type Point, type Viewpoint } from './viewpoint';

/** Scale that `Z` zooms to. */
export const TOGGLE_ZOOM = 3;
/** Zoom factor of `+` and `-`. */
const ZOOM_STEP = 1.5;
/** Pan distance as a share of the visible part, small enough to keep the orientation. */
const PAN_STEP = 0.2;

export interface Zoom {
  view: Viewpoint;
  setView: (view: Viewpoint) => void;
  /** Position of the pointer over an image; null if it is elsewhere. */
  pointer: MutableRef<Point | null>;
  zoom: (by: Extract<KeyAction, { do: 'zoom' }>['by']) => void;
  pan: (right: number, down: number) => void;
}

/** Zoom of both images. It is reset for the next example unless the zoom is kept. */
export function useZoom(model: Model): Zoom {
  const [zoom, setZoom] = useState({ view: WHOLE, of: '' });
  const pointer = useRef<Point | null>(null);
  const view = model.keepZoom || zoom.of === shownExample(model) ? zoom.view : WHOLE;
  const setView = (next: Viewpoint) => setZoom({ view: next, of: shownExample(model) });

  const zoomIn = (factor: number): void => {
    const at = pointer.current;
    if (at) return setView(zoomed(view, factor, at.x, at.y));
    if (view.scale > 1) return setView(zoomed(view, factor));
    const example = shownExample(model);
    void imagesOf(model, example).then(async (images) => {
      const frame = document.querySelector('.frame')?.getBoundingClientRect();
      const ratio = frame && frame.height > 0 ? frame.width / frame.height : 1;
      const next = await findContentView(
        images.flatMap(({ uri }) => uri ?? []),
        ratio,
        factor,
      );
      if (shownExample(model) === example) setView(next);
    });
  };
  return {
    view,
    setView,
    pointer,
    zoom: (by) => {
      if (by === 'reset') setView(WHOLE);
      else if (by === 'out') setView(zoomed(view, 1 / ZOOM_STEP));
      else if (by === 'in') zoomIn(ZOOM_STEP);
      else if (view.scale > 1) setView(WHOLE);
      else zoomIn(TOGGLE_ZOOM);
    },
    pan: (right, down) => setView(panned(view, PAN_STEP * right, PAN_STEP * down)),
  };
}

/** Identifier of the shown example, which is the same in all epochs. */
function shownExample({ selected, rows }: Model): string {
  return selected < 0 ? '' : rows.identifierOf(selected);
}

/** Waits for the images of an example. Returns none if another example is shown by then. */
async function imagesOf(model: Model, example: string): Promise<readonly DetailImage[]> {
  while (model.images === null && shownExample(model) === example)
    await new Promise((done) => requestAnimationFrame(done));
  return model.images ?? [];
}
