import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../shared/translate';
import { useVirtualRows } from '../shared/useVirtualRows';
import type { Model } from './model';
import { MarkIcon, NoteIcon, VerdictIcon } from './symbols';
import { probability, truth } from './texts';

/** Height of a row in CSS pixels, the same as in the style sheet. All rows have the same height, so none is measured. */
export const ROW_HEIGHT = 44;

/**
 * Virtual list: only the visible rows of a hundred thousand are rendered. The selected row is always rendered, so that
 * scrolling never loses the keyboard focus.
 */
export function List({ model }: { model: Model }) {
  const box = useRef<HTMLDivElement>(null);
  const { rows, shown, selected, position } = model;

  const { first, last, onScroll } = useVirtualRows(box, shown.length, ROW_HEIGHT);

  // Scroll the selection into view, and focus it if the list had the focus.
  const hadFocus = useRef(false);
  hadFocus.current = box.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || position < 0) return;
    const rowTop = position * ROW_HEIGHT;
    if (rowTop < element.scrollTop) element.scrollTop = rowTop;
    else if (rowTop + ROW_HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = rowTop + ROW_HEIGHT - element.clientHeight;
    if (hadFocus.current)
      element.querySelector<HTMLElement>('[aria-selected=true]')?.focus({ preventScroll: true });
  }, [position, selected, shown]);

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
      class="list"
      role="listbox"
      aria-label={t('Examples')}
      tabIndex={position < 0 ? 0 : -1}
      onScroll={(event) => onScroll(event.currentTarget)}
      data-rows={shown.length}
    >
      <div
        class="list-length"
        role="presentation"
        style={{ height: `${shown.length * ROW_HEIGHT}px` }}
      >
        {indices.map((index) => (
          <Row key={shown[index]} model={model} index={index} />
        ))}
      </div>
    </div>
  );
}

function Row({ model, index }: { model: Model; index: number }) {
  const { rows, shown } = model;
  const row = shown[index] ?? -1;
  const isSelected = row === model.selected;
  const { marked, note, tags = [] } = rows.noteOf(row);
  return (
    <div
      class="row"
      role="option"
      aria-selected={isSelected}
      aria-setsize={shown.length}
      aria-posinset={index + 1}
      tabIndex={isSelected ? 0 : -1}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
      onClick={(event) => {
        model.select(row);
        event.currentTarget.focus({ preventScroll: true });
      }}
    >
      <VerdictIcon verdict={rows.verdict(row)} said />
      <span class="visually-hidden">
        {t('predicted {0}, confidence', truth(rows.prediction[row] === 1))}
      </span>
      <span class="number confidence">{probability(rows.confidence(row))}</span>
      <span class="row-pair">
        <Thumbnail model={model} image={rows.left[row] ?? -1} />
        <Thumbnail model={model} image={rows.right[row] ?? -1} />
      </span>
      <span class="row-sentence">{rows.sentenceOf(row)}</span>
      {tags.length > 0 && (
        <span class="row-tags muted" title={tags.join(', ')}>
          {tags.join(', ')}
        </span>
      )}
      {marked && (
        <span title={t('Marked')}>
          <MarkIcon filled />
          <span class="visually-hidden">{t('Marked')}</span>
        </span>
      )}
      {note !== '' && (
        <span title={note}>
          <NoteIcon />
          <span class="visually-hidden">{t('Has a note')}</span>
        </span>
      )}
    </div>
  );
}

/** Thumbnail; gray while it is being created, crossed out if there is none. */
export function Thumbnail({ model, image }: { model: Model; image: number }) {
  const uri = model.thumbnails.get(image);
  if (uri) return <img class="thumbnail" src={uri} alt="" draggable={false} decoding="async" />;
  return <span class={`thumbnail ${uri === null ? 'missing' : ''}`} />;
}
