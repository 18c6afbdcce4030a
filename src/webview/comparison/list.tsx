import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { SelectField, SearchField } from '../shared/frame';
import { Icon } from '../shared/icons';
import { count } from '../shared/numbers';
import { t } from '../shared/translate';
import type { ComparisonNumbers, ListedExample, Selection, Side } from './messages';
import type { Model } from './model';
import { outcomeText, probability, sideText, truth } from './texts';

/** Height of a row in CSS pixels, the same as in comparison.css. */
const ROW_HEIGHT = 44;
/** Rows rendered above and below the visible ones. */
const OVERSCAN = 6;

interface Props {
  model: Model;
  comparison: ComparisonNumbers;
  onClose: () => void;
}

/** The examples behind a number. */
export function ExampleList({ model, comparison, onClose }: Props) {
  const { total, title, search, order, selectedExample } = model;
  const open = (side: Side, run: string) => (
    <button
      disabled={selectedExample === undefined}
      title={t('Open the example in Failed Examples of {0}', run)}
      onClick={() => void model.open(side)}
    >
      {side === 'a' ? t('Open in A') : t('Open in B')}
    </button>
  );
  return (
    <section class="examples" aria-labelledby="examples-title">
      <div class="examples-head">
        <h2 id="examples-title">
          {title}
          {total !== null && <span class="muted number"> {count(total)}</span>}
        </h2>
        <button
          class="quiet icon-only"
          aria-label={t('Close List')}
          title={t('Close List (Esc)')}
          onClick={onClose}
        >
          <Icon name="cross" />
        </button>
      </div>
      <div class="examples-tools">
        <SearchField
          label={t('Search sentences and identifiers')}
          value={search}
          onInput={(text) => model.setSearch(text)}
        />
        <SelectField
          name="order"
          label={t('Order')}
          value={order}
          options={[
            ['annotations', t('Annotation order')],
            ['change', t('Largest change of P(True) first')],
          ]}
          onChange={(next) => model.setOrder(next as Selection['order'])}
        />
        {open('a', sideText(comparison.a))}
        {open('b', sideText(comparison.b))}
      </div>
      {total === 0 ? (
        <p class="nothing muted">{t('No examples contain this text.')}</p>
      ) : (
        <Rows key={title} model={model} />
      )}
    </section>
  );
}

/** Virtual list: only the visible rows and the selected one are rendered, and requested from the host. */
function Rows({ model }: { model: Model }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const { selected } = model;
  const total = model.total ?? 0;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(total, Math.ceil((top + height) / ROW_HEIGHT) + OVERSCAN);
  useEffect(() => {
    if (total > 0) model.requestRange(first, last - 1);
  });

  const hadFocus = useRef(false);
  hadFocus.current = box.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || total === 0) return;
    const rowTop = selected * ROW_HEIGHT;
    if (rowTop < element.scrollTop) element.scrollTop = rowTop;
    else if (rowTop + ROW_HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = rowTop + ROW_HEIGHT - element.clientHeight;
    if (hadFocus.current) focusSelected(element);
  }, [selected, total]);

  // A list that the user has just opened takes the focus, so that the arrow keys work. A restored list does not, because
  // the focus may be elsewhere, for example in the Command Palette.
  const opened = total > 0;
  useEffect(() => {
    if (!opened || !model.justOpened) return;
    model.justOpened = false;
    if (box.current && document.hasFocus()) focusSelected(box.current);
  }, [opened, model.justOpened]);

  const indices = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  if (total > 0 && (selected < first || selected >= last)) indices.push(selected);
  const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 1);
  // Relative to the selection at the time of the key: keys may arrive faster than frames.
  const moves = (): Record<string, number | undefined> => ({
    ArrowUp: model.selected - 1,
    ArrowDown: model.selected + 1,
    PageUp: model.selected - page,
    PageDown: model.selected + page,
    Home: 0,
    End: total - 1,
  });
  return (
    <div
      ref={box}
      class="list"
      role="listbox"
      aria-label={t('Examples')}
      aria-busy={model.total === null}
      tabIndex={total === 0 ? 0 : -1}
      data-rows={total}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') {
          event.preventDefault();
          void model.open('b');
          return;
        }
        const to = moves()[event.key];
        if (to === undefined) return;
        event.preventDefault();
        model.moveTo(to);
      }}
    >
      <div class="list-length" role="presentation" style={{ height: `${total * ROW_HEIGHT}px` }}>
        {indices.map((index) => (
          <Row
            key={index}
            model={model}
            index={index}
            total={total}
            example={model.exampleAt(index)}
          />
        ))}
      </div>
    </div>
  );
}

function focusSelected(list: HTMLElement): void {
  list.querySelector<HTMLElement>('[aria-selected=true]')?.focus({ preventScroll: true });
}

interface RowProps {
  model: Model;
  index: number;
  total: number;
  example: ListedExample | undefined;
}

function Row({ model, index, total, example }: RowProps) {
  const isSelected = index === model.selected;
  return (
    <div
      class="row"
      role="option"
      aria-selected={isSelected}
      aria-setsize={total}
      aria-posinset={index + 1}
      tabIndex={isSelected ? 0 : -1}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
      onClick={(event) => {
        model.moveTo(index);
        event.currentTarget.focus({ preventScroll: true });
      }}
      onDblClick={() => void model.open('b')}
    >
      {example && (
        <>
          <span class="visually-hidden">{outcomeText(example.outcome)}</span>
          <Answer
            letter="A"
            {...{ label: example.label, answer: example.answerA, probTrue: example.probTrueA }}
          />
          <Answer
            letter="B"
            {...{ label: example.label, answer: example.answerB, probTrue: example.probTrueB }}
          />
          <span class="row-sentence" title={example.identifier}>
            {example.sentence}
          </span>
        </>
      )}
    </div>
  );
}

interface AnswerProps {
  letter: string;
  label: boolean;
  answer: boolean;
  /** NaN if unknown. */
  probTrue: number;
}

/** Answer of one of the runs, with its probability of True. */
function Answer({ letter, label, answer, probTrue }: AnswerProps) {
  const right = answer === label;
  const word = right ? t('right') : t('wrong');
  return (
    <span
      class="answer number"
      title={t('{0} answers {1}, P(True) {2}', letter, truth(answer), probability(probTrue) || '–')}
    >
      <span class="side" aria-hidden="true">
        {letter}
      </span>
      <span class={`verdict ${right ? 'right' : 'wrong'}`}>
        <Icon name={right ? 'check' : 'cross'} />
        <span class="visually-hidden">{`${letter} ${word}`}</span>
      </span>
      <span class="said">{truth(answer)}</span>
      <span class="muted probability">{probability(probTrue)}</span>
    </span>
  );
}
