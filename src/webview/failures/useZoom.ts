import type { MutableRef } from 'preact/hooks';
import { useRef, useState } from 'preact/hooks';
import type { KeyAction } from './keys';
import { lookAtContent } from './lookAt';
import type { DetailImage } from './messages';
import type { Model } from './model';
import { panned, WHOLE, zoomed, type Point, type Viewpoint } from './viewpoint';

/** What `Z` enlarges to. */
export const ZOOM = 3;
/** What one press of `+` or `-` changes. */
const STEP = 1.5;
/** A share of what is seen of the images: enough stays in sight to know where one is. */
const PAN_STEP = 0.2;

export interface Zoom {
  view: Viewpoint;
  setView: (view: Viewpoint) => void;
  /** Where the mouse is over an image, null when it is elsewhere. */
  pointer: MutableRef<Point | null>;
  zoom: (by: Extract<KeyAction, { do: 'zoom' }>['by']) => void;
  pan: (right: number, down: number) => void;
}

/** The zoom of both images. The next example starts with its whole images, unless the zoom is kept. */
export function useZoom(model: Model): Zoom {
  const [zoomedAt, setZoomedAt] = useState({ view: WHOLE, of: '' });
  const pointer = useRef<Point | null>(null);
  const view = model.keepZoom || zoomedAt.of === shownIn(model) ? zoomedAt.view : WHOLE;
  const setView = (next: Viewpoint) => setZoomedAt({ view: next, of: shownIn(model) });

  const enlarge = (factor: number): void => {
    const at = pointer.current;
    if (at) return setView(zoomed(view, factor, at.x, at.y));
    if (view.scale > 1) return setView(zoomed(view, factor));
    const example = shownIn(model);
    void imagesOf(model, example).then(async (images) => {
      const frame = document.querySelector('.frame')?.getBoundingClientRect();
      const ratio = frame && frame.height > 0 ? frame.width / frame.height : 1;
      const next = await lookAtContent(
        images.flatMap(({ uri }) => uri ?? []),
        ratio,
        factor,
      );
      if (shownIn(model) === example) setView(next);
    });
  };
  return {
    view,
    setView,
    pointer,
    zoom: (by) => {
      if (by === 'reset') setView(WHOLE);
      else if (by === 'out') setView(zoomed(view, 1 / STEP));
      else if (by === 'in') enlarge(STEP);
      else if (view.scale > 1) setView(WHOLE);
      else enlarge(ZOOM);
    },
    pan: (right, down) => setView(panned(view, PAN_STEP * right, PAN_STEP * down)),
  };
}

/** The example whose images are zoomed; the same in other epochs. */
function shownIn({ selected, rows }: Model): string {
  return selected < 0 ? '' : rows.identifierOf(selected);
}

/** The images of an example, once they are known; none when another one is shown by then. */
async function imagesOf(model: Model, example: string): Promise<readonly DetailImage[]> {
  while (model.images === null && shownIn(model) === example)
    await new Promise((done) => requestAnimationFrame(done));
  return model.images ?? [];
}
