import { shownName, type Column, type Row } from './columns';

/** Tooltip of the run under the pointer. */
export function RunTooltip({
  row,
  columns,
  x,
  y,
}: {
  row: Row;
  columns: readonly Column[];
  x: number;
  y: number;
}) {
  return (
    <div class="run-tip" style={{ left: `${x + 12}px`, top: `${y + 12}px` }}>
      <strong>{shownName(row)}</strong>
      {columns.map((column) => (
        <div key={column.id}>
          <span class="muted">{column.title}</span> {column.text(row)}
        </div>
      ))}
    </div>
  );
}
