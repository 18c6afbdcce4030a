import type { RefObject } from 'preact';
import type { MutableRef } from 'preact/hooks';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { significant } from '../shared/numbers';
import { t } from '../shared/translate';
import { AskAgain } from './askAgain';
import { Explain, heatMapOverlay } from './explain';
import { ImagePair } from './imagePair';
import type { Model } from './model';
import { MarkIcon, VerdictIcon } from './symbols';
import { probability, truth, verdictText } from './texts';
import { Epochs, SameSentencePairs } from './sameSentence';
import { Tags } from './tags';
import type { Point, Viewpoint } from './viewpoint';

interface DetailProps {
  model: Model;
  view: Viewpoint;
  onView: (view: Viewpoint) => void;
  pointer: MutableRef<Point | null>;
  noteField: RefObject<HTMLTextAreaElement>;
  askField: RefObject<HTMLTextAreaElement>;
}

/** Details of the selected example. */
export function Detail({ model, view, onView, pointer, noteField, askField }: DetailProps) {
  const { rows, set, selected: row } = model;
  if (row < 0)
    return model.shown.length === 0 ? null : (
      <p class="nothing muted">{t('Choose an example to see its images.')}</p>
    );
  const { swapped } = model.questions.draftOf(row);
  const verdict = rows.verdict(row);
  const identifier = rows.identifierOf(row);
  const label = rows.label[row];
  const kind = rows.kindOf(row);
  const { marked, note } = rows.noteOf(row);
  return (
    <article class="detail" aria-label={t('Example {0}', identifier)}>
      <ImagePair
        images={model.images}
        swapped={swapped}
        view={view}
        onView={onView}
        keepZoom={model.keepZoom}
        onKeepZoom={(keep) => model.setKeepZoom(keep)}
        pointer={pointer}
        overlay={heatMapOverlay(model, row)}
        onOpen={(side) => void model.openImage(row, side)}
      />
      <div class="sentence-line">
        <h2 class="sentence">{rows.sentenceOf(row)}</h2>
        <button
          class="quiet icon-only"
          aria-pressed={marked}
          aria-label={t('Mark')}
          title={t('Mark (M)')}
          onClick={() => void model.setNote(row, { marked: !marked })}
        >
          <MarkIcon filled={marked} />
        </button>
      </div>
      <dl class="facts">
        <Fact name={t('label')}>{label === -1 ? '–' : truth(label === 1)}</Fact>
        <Fact name={t('predicted')}>
          {truth(rows.prediction[row] === 1)}
          <span class={`verdict-word ${verdict}`}>
            <VerdictIcon verdict={verdict} />
            {verdictText(verdict)}
          </span>
        </Fact>
        <Fact name={t('P(True)')}>{probability(rows.probTrue[row] ?? NaN)}</Fact>
        <Fact name={t('loss')}>{significant(rows.loss[row])}</Fact>
        {kind !== null && <Fact name={t('group')}>{kind}</Fact>}
        <Fact name={t('identifier')}>
          <button
            class="quiet as-text"
            title={t('Open its annotation in the editor (O)')}
            onClick={() => void model.openAnnotation(row)}
          >
            {identifier}
          </button>
          <button
            class="quiet icon-only"
            title={t('Copy Identifier (C)')}
            aria-label={t('Copy Identifier')}
            onClick={() => void model.copy(identifier)}
          >
            <Icon name="copy" />
          </button>
        </Fact>
      </dl>
      <Explain key={`explain ${identifier}\n${set?.split}`} model={model} row={row} />
      <Epochs model={model} row={row} />
      <SameSentencePairs model={model} row={row} />
      <AskAgain key={`${identifier}\n${set?.split}`} model={model} row={row} field={askField} />
      <Tags
        key={`tags ${identifier}\n${set?.split}`}
        tags={rows.noteOf(row).tags ?? []}
        known={rows.tags.map(([tag]) => tag)}
        onChange={(tags) => void model.setNote(row, { tags }, { rows, set })}
      />
      <Note
        key={`note ${identifier}\n${set?.split}`}
        note={note}
        field={noteField}
        onSave={(text) => void model.setNote(row, { note: text }, { rows, set })}
      />
    </article>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div class="fact">
      <dt class="muted">{name}</dt>
      <dd class="number">{children}</dd>
    </div>
  );
}

interface NoteProps {
  note: string;
  field: RefObject<HTMLTextAreaElement>;
  onSave: (text: string) => void;
}

/** Note of an example, saved after a pause in typing, and when the field loses the focus or the example changes. */
function Note({ note, field, onSave }: NoteProps) {
  const [text, setText] = useState(note);
  const [typing, setTyping] = useState(false);
  const unsaved = useRef<(() => void) | null>(null);
  unsaved.current = typing ? () => onSave(text) : null;
  useEffect(() => () => unsaved.current?.(), []);
  // The note was changed in another window; text that is being typed here is kept.
  useEffect(() => {
    if (!typing) setText(note);
  }, [note, typing]);
  useEffect(() => {
    if (!typing) return;
    const timer = setTimeout(() => onSave(text), 600);
    return () => clearTimeout(timer);
  }, [text, typing]);
  return (
    <label class="note">
      <span class="section-title">{t('Note')}</span>
      <textarea
        ref={field}
        rows={2}
        value={text}
        placeholder={t('Saved with the run in notes.json')}
        onInput={(event) => {
          setTyping(true);
          setText(event.currentTarget.value);
        }}
        onBlur={() => {
          setTyping(false);
          onSave(text);
        }}
      />
    </label>
  );
}
