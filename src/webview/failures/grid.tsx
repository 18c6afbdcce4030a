import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../shared/translate';
import { Thumbnail } from './list';
import type { Model } from './model';
import { MarkIcon, NoteIcon, VerdictIcon } from './symbols';
import { probability, truth } from './texts';

/** Size of a pair in CSS pixels, the same as in failures.css. All pairs have the same size, so none is measured. */
export const CELL_HEIGHT = 92;
const CELL_WIDTH = 156;
/** Lines rendered above and below the visible ones. */
const OVERSCAN = 2;

/** Number of columns that fit into a width. */
function columnsIn(width: number): number {
  return Math.max(1, Math.floor(width / CELL_WIDTH));
}

/** Virtual grid of image pairs: only the visible ones of a hundred thousand are rendered. */
export function Grid({ model }: { model: Model }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [size, setSize] = useState({ width: 480, height: 600 });
  const { rows, shown, selected, position } = model;
  const columns = columnsIn(size.width);
  model.gridColumns = columns;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const hadFocus = useRef(false);
  hadFocus.current = box.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || position < 0) return;
    const lineTop = Math.floor(position / columns) * CELL_HEIGHT;
    if (lineTop < element.scrollTop) element.scrollTop = lineTop;
    else if (lineTop + CELL_HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = lineTop + CELL_HEIGHT - element.clientHeight;
    if (hadFocus.current)
      element.querySelector<HTMLElement>('[aria-selected=true]')?.focus({ preventScroll: true });
  }, [position, selected, shown, columns]);

  const lines = Math.ceil(shown.length / columns);
  const first = columns * Math.max(0, Math.floor(top / CELL_HEIGHT) - OVERSCAN);
  const last = Math.min(
    shown.length,
    columns * Math.min(lines, Math.ceil((top + size.height) / CELL_HEIGHT) + OVERSCAN),
  );
  const indices = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  if (position >= 0 && (position < first || position >= last)) indices.push(position);

  useEffect(() => {
    const visible = Array.from(shown.subarray(first, last));
    model.thumbnails.show(
      'list',
      visible.flatMap((row) => [rows.left[row] ?? -1, rows.right[row] ?? -1]),
    );
  });

  return (
    <div
      ref={box}
      class="list grid"
      role="listbox"
      aria-label={t('Examples')}
      aria-orientation="horizontal"
      tabIndex={position < 0 ? 0 : -1}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      data-rows={shown.length}
      data-columns={columns}
    >
      <div class="list-length" role="presentation" style={{ height: `${lines * CELL_HEIGHT}px` }}>
        {indices.map((index) => (
          <Cell key={shown[index]} model={model} index={index} columns={columns} />
        ))}
      </div>
    </div>
  );
}

interface CellProps {
  model: Model;
  index: number;
  columns: number;
}

function Cell({ model, index, columns }: CellProps) {
  const { rows, shown } = model;
  const row = shown[index] ?? -1;
  const isSelected = row === model.selected;
  const { marked, note, tags = [] } = rows.noteOf(row);
  const x = (index % columns) * CELL_WIDTH;
  const y = Math.floor(index / columns) * CELL_HEIGHT;
  return (
    <div
      class="row grid-cell"
      role="option"
      aria-selected={isSelected}
      aria-setsize={shown.length}
      aria-posinset={index + 1}
      tabIndex={isSelected ? 0 : -1}
      title={rows.sentenceOf(row)}
      style={{ transform: `translate(${x}px, ${y}px)` }}
      onClick={(event) => {
        model.select(row);
        event.currentTarget.focus({ preventScroll: true });
      }}
    >
      <span class="grid-pair">
        <Thumbnail model={model} image={rows.left[row] ?? -1} />
        <Thumbnail model={model} image={rows.right[row] ?? -1} />
      </span>
      <span class="grid-line">
        <VerdictIcon verdict={rows.verdict(row)} said />
        <span class="visually-hidden">
          {t('predicted {0}, confidence', truth(rows.prediction[row] === 1))}
        </span>
        <span class="number confidence">{probability(rows.confidence(row))}</span>
        <span class="grid-sentence">{rows.sentenceOf(row)}</span>
        {marked && (
          <>
            <MarkIcon filled />
            <span class="visually-hidden">{t('Marked')}</span>
          </>
        )}
        {(note !== '' || tags.length > 0) && (
          <>
            <NoteIcon />
            <span class="visually-hidden">
              {[...(note === '' ? [] : [t('Has a note')]), ...tags].join(', ')}
            </span>
          </>
        )}
      </span>
    </div>
  );
}
