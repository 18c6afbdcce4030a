import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface DialogProps {
  title: string;
  onClose: () => void;
  /** What the dialog is confirmed by: Enter in a field, too. */
  onSubmit?: () => void;
  children: ComponentChildren;
  class?: string;
}

/** A modal dialog that is there while it is drawn. Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, onSubmit, children, class: name = '' }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`runs-dialog ${name}`}
      aria-labelledby="dialog-title"
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <h2 id="dialog-title">{title}</h2>
        {children}
      </form>
    </dialog>
  );
}
