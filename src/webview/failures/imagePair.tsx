import type { ComponentChildren } from 'preact';
import type { MutableRef } from 'preact/hooks';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { t } from '../shared/translate';
import type { DetailImage } from './messages';
import { TOGGLE_ZOOM } from './useZoom';
import { clamped, WHOLE, zoomed, type Point, type Viewpoint } from './viewpoint';

/** Scale from which pixels are shown as squares instead of being interpolated. */
const PIXELATED_MIN_SCALE = 2;

interface PairProps {
  images: readonly [DetailImage, DetailImage] | null;
  /** Left and right are swapped, as in the draft of the question. */
  swapped: boolean;
  view: Viewpoint;
  onView: (view: Viewpoint) => void;
  /** Keep this zoom for the next example. */
  keepZoom: boolean;
  onKeepZoom: (keep: boolean) => void;
  /** Position of the pointer over an image. */
  pointer: MutableRef<Point | null>;
  onOpen: (side: 0 | 1) => void;
  /** Renders the overlay of an image; `position` 0 is the image shown on the left. */
  overlay?: ((position: 0 | 1, ratio: number, view: Viewpoint) => ComponentChildren) | undefined;
}

/** The two images side by side, zoomed and panned together: Ctrl+wheel, pinch or keys zoom; drag or Shift+arrows pan. */
export function ImagePair({
  images,
  swapped,
  view,
  onView,
  pointer,
  onOpen,
  overlay,
  ...zoom
}: PairProps) {
  const [sizes, setSizes] = useState<Record<string, number>>({});
  const order = swapped ? ([1, 0] as const) : ([0, 1] as const);
  const known = images?.map(({ path }) => sizes[path]).filter((ratio) => ratio !== undefined) ?? [];
  // Frames have the aspect ratio of the narrower image, so that wide images waste no space.
  const last = useRef(4 / 3);
  if (known.length > 0) last.current = Math.min(...known);
  return (
    <div class="pair">
      {order.map((side, position) => (
        <figure key={position} class="side">
          <figcaption>
            <span class="side-name">{position === 0 ? t('left') : t('right')}</span>
            {swapped && <span class="swapped-chip">{t('exchanged')}</span>}
            {position === 0 && <ZoomLine scale={view.scale} {...zoom} />}
            <button
              class="quiet icon-only"
              title={images?.[side].path ?? ''}
              aria-label={position === 0 ? t('Open Left Image') : t('Open Right Image')}
              disabled={!images}
              onClick={() => onOpen(side)}
            >
              <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                <path d="M9 3h4v4M13 3L7.5 8.5M11.5 9v4h-9V4h4" />
              </svg>
            </button>
          </figcaption>
          <ImageFrame
            image={images?.[side] ?? null}
            alt={position === 0 ? t('Left image') : t('Right image')}
            ratio={Math.min(4, Math.max(0.8, last.current))}
            view={view}
            onView={onView}
            pointer={pointer}
            overlay={overlay?.(position === 0 ? 0 : 1, sizes[images?.[side].path ?? ''] ?? 1, view)}
            onSize={(path, ratio) => setSizes((known) => ({ ...known, [path]: ratio }))}
          />
        </figure>
      ))}
    </div>
  );
}

type ZoomProps = { scale: number } & Pick<PairProps, 'keepZoom' | 'onKeepZoom'>;

/** Zoom factor, a hint on panning, and the button that keeps the zoom for the next example. */
function ZoomLine({ scale, keepZoom, onKeepZoom }: ZoomProps) {
  if (scale === 1 && !keepZoom) return null;
  const hint = t('Drag or press Shift and an arrow key to move; Esc shows the whole images');
  return (
    <>
      {scale > 1 && (
        <span class="zoom-factor number" aria-label={t('Zoom {0}×', factorText(scale))}>
          {factorText(scale)}×
        </span>
      )}
      <button
        class="quiet icon-only"
        aria-pressed={keepZoom}
        aria-label={t('Keep Zoom')}
        title={t('Keep the zoom for the next example')}
        onClick={() => onKeepZoom(!keepZoom)}
      >
        <Icon name="pin" />
      </button>
      {scale > 1 && (
        <span class="zoom-hint muted" title={hint}>
          {hint}
        </span>
      )}
    </>
  );
}

function factorText(scale: number): string {
  return String(Number(scale.toPrecision(2)));
}

interface FrameProps {
  image: DetailImage | null;
  alt: string;
  ratio: number;
  view: Viewpoint;
  onView: (view: Viewpoint) => void;
  pointer: MutableRef<Point | null>;
  onSize: (path: string, ratio: number) => void;
  overlay: ComponentChildren;
}

function ImageFrame({ image, alt, ratio, view, onView, pointer, onSize, overlay }: FrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [fit, setFit] = useState(1);
  const drag = useRef<{ id: number; x: number; y: number; from: Viewpoint } | null>(null);
  const now = useRef(view);
  now.current = view;

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    // Not in JSX: the listener must not be passive, because it prevents the page's own zoom.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = pointIn(element, event);
      onView(zoomed(now.current, Math.exp(-event.deltaY / 200), at.x, at.y));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [onView]);

  const broken = image !== null && (image.uri === null || failed === image.uri);
  return (
    <div
      ref={frame}
      class={`frame ${view.scale > 1 ? 'zoomed' : ''}`}
      style={{ aspectRatio: String(ratio) }}
      onDblClick={(event) => {
        const at = pointIn(event.currentTarget, event);
        onView(view.scale > 1 ? WHOLE : zoomed(view, TOGGLE_ZOOM, at.x, at.y));
      }}
      onPointerDown={(event) => {
        if (view.scale === 1 || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { id: event.pointerId, x: event.clientX, y: event.clientY, from: view };
      }}
      onPointerLeave={() => (pointer.current = null)}
      onPointerMove={(event) => {
        pointer.current = pointIn(event.currentTarget, event);
        const start = drag.current;
        if (start?.id !== event.pointerId) return;
        const box = event.currentTarget.getBoundingClientRect();
        const x = start.from.x + (event.clientX - start.x) / box.width;
        const y = start.from.y + (event.clientY - start.y) / box.height;
        onView(clamped({ scale: start.from.scale, x, y }));
      }}
      onPointerUp={() => (drag.current = null)}
      onPointerCancel={() => (drag.current = null)}
    >
      {image && !broken && (
        <img
          src={image.uri ?? ''}
          alt={alt}
          title={image.path}
          draggable={false}
          class={fit * view.scale >= PIXELATED_MIN_SCALE ? 'pixelated' : ''}
          style={{ transform: transformOf(view) }}
          onError={() => setFailed(image.uri)}
          onLoad={(event) => {
            const { naturalWidth, naturalHeight } = event.currentTarget;
            if (naturalHeight > 0) onSize(image.path, naturalWidth / naturalHeight);
            const { width = 0, height = 0 } = frame.current?.getBoundingClientRect() ?? {};
            setFit(Math.min(width / naturalWidth, height / naturalHeight));
          }}
        />
      )}
      {image && !broken && overlay}
      {broken && (
        <div class="no-image" role="img" aria-label={alt}>
          <Icon name="warning" />
          <p>{image.problem ?? t('It cannot be decoded.')}</p>
          <code>{image.path}</code>
        </div>
      )}
    </div>
  );
}

/** CSS transform of an element that fills a frame. */
export function transformOf({ x, y, scale }: Viewpoint): string {
  return `translate(${x * 100}%, ${y * 100}%) scale(${scale})`;
}

/** Returns the position of a pointer in a frame. */
function pointIn(frame: Element, { clientX, clientY }: MouseEvent): Point {
  const box = frame.getBoundingClientRect();
  return { x: (clientX - box.left) / box.width - 0.5, y: (clientY - box.top) / box.height - 0.5 };
}
