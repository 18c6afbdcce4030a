import { useEffect, useRef } from 'preact/hooks';

export interface MenuEntry {
  label: string;
  run: () => void;
  /** State of an entry that can be on or off. */
  checked?: boolean;
}

interface MenuProps {
  label: string;
  entries: readonly MenuEntry[];
  /** Position of the top left corner in CSS pixels of the window. */
  at: { x: number; y: number };
  onClose: () => void;
}

/** Menu at a position of the page. It has the focus while it is open; `onClose` must restore it. */
export function Menu({ label, entries, at, onClose }: MenuProps) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    root.current?.querySelector<HTMLElement>('button')?.focus();
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) onClose();
    };
    window.addEventListener('pointerdown', outside);
    window.addEventListener('blur', outside);
    return () => {
      window.removeEventListener('pointerdown', outside);
      window.removeEventListener('blur', outside);
    };
  }, []);
  const onKey = (event: KeyboardEvent) => {
    const items = [...(root.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    const current = items.findIndex((item) => item === document.activeElement);
    const focusItem = (index: number) => items[(index + items.length) % items.length]?.focus();
    if (event.key === 'ArrowDown') focusItem(current + 1);
    else if (event.key === 'ArrowUp') focusItem(current - 1);
    else if (event.key === 'Home') focusItem(0);
    else if (event.key === 'End') focusItem(-1);
    else if (event.key === 'Escape' || event.key === 'Tab') onClose();
    if (event.key !== 'Enter' && event.key !== ' ') event.preventDefault();
    event.stopPropagation();
  };
  const width = 220;
  return (
    <div
      ref={root}
      class="menu-list"
      role="menu"
      aria-label={label}
      style={{
        left: `${Math.max(0, Math.min(at.x, window.innerWidth - width - 8))}px`,
        top: `${Math.max(0, Math.min(at.y, window.innerHeight - 26 * entries.length - 16))}px`,
      }}
      onKeyDown={onKey}
    >
      {entries.map((entry) => (
        <button
          key={entry.label}
          role={entry.checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
          aria-checked={entry.checked}
          tabIndex={-1}
          class="quiet"
          onClick={() => {
            onClose();
            entry.run();
          }}
        >
          <span class="menu-check" aria-hidden="true">
            {entry.checked === true ? '✓' : ''}
          </span>
          {entry.label}
        </button>
      ))}
    </div>
  );
}
