import { useRef } from 'preact/hooks';
import { t } from '../shared/translate';

interface SplitterProps {
  /** Width of the list as a share of the whole. */
  share: number;
  onShare: (share: number) => void;
}

/** Splitter between list and detail, moved by dragging or with the arrow keys. */
export function Splitter({ share, onShare }: SplitterProps) {
  const dragging = useRef(false);
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label={t('Width of the list')}
      aria-valuemin={15}
      aria-valuemax={75}
      aria-valuenow={Math.round(100 * share)}
      tabIndex={0}
      onKeyDown={(event) => {
        const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        onShare(share + step);
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        dragging.current = true;
      }}
      onPointerMove={(event) => {
        const box = event.currentTarget.parentElement?.getBoundingClientRect();
        if (dragging.current && box) onShare((event.clientX - box.left) / box.width);
      }}
      onPointerUp={() => (dragging.current = false)}
      onPointerCancel={() => (dragging.current = false)}
    />
  );
}
