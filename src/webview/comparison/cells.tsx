import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Cell, Model } from './model';

interface CellProps {
  model: Model;
  cell: Cell;
  /** Accessible name, if the visible text is not sufficient. */
  label?: string;
  children: ComponentChildren;
  /** Whether there are no examples behind the number. */
  empty?: boolean;
}

/** Button with a number that opens the examples behind it. */
export function CellButton({ model, cell, label, children, empty }: CellProps) {
  const open = model.isOpen(cell);
  return (
    <button
      class="quiet cell number"
      aria-expanded={open}
      aria-label={label}
      aria-disabled={empty === true}
      title={label}
      tabIndex={-1}
      onClick={() => {
        if (empty !== true) model.openCell(cell);
      }}
    >
      {children}
    </button>
  );
}

/**
 * Table whose numbers are navigated with the arrow keys. It is a single tab stop: the last focused number, initially the
 * first one.
 */
export function CellTable({
  class: name,
  children,
}: {
  class: string;
  children: ComponentChildren;
}) {
  const table = useRef<HTMLTableElement>(null);
  const cells = (): HTMLElement[] => [
    ...(table.current?.querySelectorAll<HTMLElement>('.cell') ?? []),
  ];
  const setTabStop = (cell: HTMLElement | undefined): void => {
    if (!cell) return;
    for (const each of cells()) each.tabIndex = each === cell ? 0 : -1;
  };
  const attach = (node: HTMLTableElement | null): void => {
    table.current = node;
    const all = cells();
    if (!all.some(({ tabIndex }) => tabIndex === 0)) setTabStop(all[0]);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || !target.matches('.cell')) return;
    const next = neighbor(target, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setTabStop(next);
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  };
  return (
    <table
      ref={attach}
      class={name}
      onKeyDown={onKeyDown}
      onFocusIn={(event) => {
        if (event.target instanceof HTMLElement && event.target.matches('.cell'))
          setTabStop(event.target);
      }}
    >
      {children}
    </table>
  );
}

/** Returns the cell to which a key moves; undefined for other keys. */
function neighbor(from: HTMLElement, key: string): HTMLElement | undefined {
  const row = from.closest('tr');
  const body = from.closest('table');
  if (!row || !body) return undefined;
  const inRow = [...row.querySelectorAll<HTMLElement>('.cell')];
  const at = inRow.indexOf(from);
  switch (key) {
    case 'ArrowLeft':
      return inRow[Math.max(0, at - 1)];
    case 'ArrowRight':
      return inRow[Math.min(inRow.length - 1, at + 1)];
    case 'ArrowUp':
    case 'ArrowDown':
    case 'Home':
    case 'End': {
      const rows = [...body.querySelectorAll('tr')]
        .map((each) => [...each.querySelectorAll<HTMLElement>('.cell')])
        .filter((each) => each.length > 0);
      const current = rows.findIndex((each) => each.includes(from));
      const to = {
        ArrowUp: current - 1,
        ArrowDown: current + 1,
        Home: 0,
        End: rows.length - 1,
      }[key];
      const next = rows[Math.min(rows.length - 1, Math.max(0, to))] ?? [];
      return next[Math.min(at, next.length - 1)];
    }
  }
  return undefined;
}
