import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { maxOfMaps, strongest, type Place } from '../../util/heatMap';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { t } from '../shared/translate';
import { ProblemText } from './askAgain';
import type { ExplainedQuestion, Shown } from './explaining';
import { HeatLayer } from './heatLayer';
import type { Explained } from './messages';
import type { Model } from './model';
import { probability, truth } from './texts';
import type { Viewpoint } from './viewpoint';

interface ExplainProps {
  model: Model;
  row: number;
}

/** Where the model looks in both images for a word of the current question. */
export function Explain({ model, row }: ExplainProps) {
  const { explaining, process: ask } = model.asking;
  const question = model.asking.explainedQuestion(row);
  const explained = explaining.explained(question);
  const problem = explaining.problem(question);
  const waiting = explaining.waitsFor(question);
  // Its button disappears when the words appear: the focus moves to them.
  const section = useRef<HTMLElement>(null);
  const pressed = useRef(false);
  useEffect(() => {
    if (!explained || !pressed.current) return;
    pressed.current = false;
    section.current?.querySelector<HTMLElement>('[aria-checked=true]')?.focus();
  }, [explained]);
  // Asking again says why nothing can be asked.
  if (ask.state === 'unavailable') return null;
  return (
    <section
      ref={section}
      class="explain"
      aria-label={t('Where does it look?')}
      aria-busy={waiting}
    >
      {explained ? (
        <Controls model={model} question={question} explained={explained} />
      ) : (
        <button
          disabled={question.sentence === ''}
          aria-disabled={waiting}
          title={t('Show which parts of the images the model looks at for each word (H)')}
          onClick={() => {
            if (waiting) return;
            pressed.current = true;
            void showAndSay(model, question);
          }}
        >
          {t('Show Where It Looks')}
        </button>
      )}
      <Waiting model={model} question={question} />
      {problem && (
        <ProblemText
          model={model}
          problem={problem}
          anyway={() => {
            model.send({ type: 'allowMissing' });
            void showAndSay(model, question);
          }}
        />
      )}
    </section>
  );
}

/** The maps over the images of a row, where they are to be drawn. */
export function heatLayers(
  model: Model,
  row: number,
): ((place: 0 | 1, ratio: number, view: Viewpoint) => ComponentChildren) | undefined {
  const { explaining } = model.asking;
  const explained = explaining.isDrawn
    ? explaining.explained(model.asking.explainedQuestion(row))
    : null;
  if (!explained) return undefined;
  const maps = [explained.left, explained.right];
  const scale = maxOfMaps(maps);
  const { grid } = explained;
  return (place, ratio, view) => (
    <HeatLayer {...{ map: maps[place] ?? [], grid, scale, fade: explaining.fade, ratio, view }} />
  );
}

/** What the key does: shows where the model looks, hides it, shows it again. */
export function toggleHeat(model: Model): void {
  const { selected } = model;
  const { explaining, process: ask } = model.asking;
  if (selected < 0 || ask.state === 'unavailable') return;
  const question = model.asking.explainedQuestion(selected);
  if (!explaining.explained(question)) {
    if (question.sentence !== '' && !explaining.waitsFor(question))
      void showAndSay(model, question);
    return;
  }
  explaining.draw(!explaining.isDrawn);
  announce(explaining.isDrawn ? t('Heat map shown.') : t('Heat map hidden.'));
}

async function showAndSay(
  model: Model,
  question: ExplainedQuestion,
  change?: Partial<Shown>,
): Promise<void> {
  const { explaining } = model.asking;
  const explained = await explaining.show(question, change);
  const problem = explaining.problem(question);
  if (explained) announce(description(explained));
  else if (problem) announce(problem.message);
}

interface ControlsProps {
  model: Model;
  question: ExplainedQuestion;
  explained: Explained;
}

function Controls({ model, question, explained }: ControlsProps) {
  const { explaining } = model.asking;
  const { shown, fade, isDrawn } = explaining;
  const [saved, setSaved] = useState<string | null>(null);
  const change = (next: Partial<Shown>) => void showAndSay(model, question, next);
  const { answer, prediction } = explained;
  const from1 = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));
  return (
    <>
      <Words explained={explained} onChoose={(word) => change({ word })} />
      <div class="explain-choices">
        <Choice
          name={t('Answer')}
          value={String(answer)}
          options={[true, false].map((each) => [
            String(each),
            each === prediction ? t('why {0}', truth(each)) : t('why not {0}', truth(each)),
          ])}
          onChoose={(value) => change({ answer: value === 'true' })}
          disabled={shown.method === 'attention'}
        />
        <Choice
          name={t('Method')}
          value={shown.method}
          options={[
            ['gradcam', t('Grad-CAM')],
            ['attention', t('attention')],
          ]}
          onChoose={(method) => change({ method: method === 'gradcam' ? method : 'attention' })}
        />
        <Choice
          name={t('Layer')}
          value={String(explained.layer)}
          options={from1(explained.layers).map((each) => [each, each])}
          onChoose={(layer) => change({ layer: Number(layer) })}
        />
        <Choice
          name={t('Head')}
          value={shown.head === null ? '' : String(shown.head)}
          options={[
            ['', t('mean')],
            ...from1(explained.heads).map((each) => [each, each] as const),
          ]}
          onChoose={(head) => change({ head: head === '' ? null : Number(head) })}
        />
        <label class="explain-choice">
          <span class="muted">{t('Strength')}</span>
          <input
            type="range"
            min="0"
            max="100"
            step="5"
            value={Math.round(100 * fade)}
            aria-valuetext={`${Math.round(100 * fade)}%`}
            onInput={(event) => explaining.setFade(Number(event.currentTarget.value) / 100)}
          />
        </label>
        <button
          class="toggle"
          aria-pressed={isDrawn}
          title={t('Show or hide the heat map (H)')}
          onClick={() => explaining.draw(!isDrawn)}
        >
          {t('Heat Map')}
        </button>
        <button
          onClick={() => void explaining.save(question).then((file) => setSaved(file))}
          title={t('Save both images with the heat map as a PNG file')}
        >
          <Icon name="save" />
          {t('Save Picture…')}
        </button>
      </div>
      <p class="explain-text">{description(explained)}</p>
      {saved !== null && (
        <p class="muted" role="status">
          {t('Saved as {0}.', saved)}
        </p>
      )}
    </>
  );
}

/** The sentence as the model reads it; a word is chosen by a click or the arrow keys. */
function Words({
  explained: { words, word: chosen },
  onChoose,
}: {
  explained: Explained;
  onChoose: (word: number) => void;
}) {
  const group = useRef<HTMLDivElement>(null);
  const step: Readonly<Record<string, number | undefined>> = {
    ArrowLeft: chosen - 1,
    ArrowUp: chosen - 1,
    ArrowRight: chosen + 1,
    ArrowDown: chosen + 1,
    Home: 0,
    End: words.length - 1,
  };
  const moved = useRef(false);
  useEffect(() => {
    // The focus follows the choice that a key made.
    if (moved.current) group.current?.querySelector<HTMLElement>('[aria-checked=true]')?.focus();
    moved.current = false;
  }, [chosen]);
  return (
    <div
      ref={group}
      class="explain-words"
      role="radiogroup"
      aria-label={t('Word')}
      onKeyDown={(event) => {
        const to = step[event.key];
        if (to === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey)
          return;
        event.preventDefault();
        moved.current = true;
        onChoose((to + words.length) % words.length);
      }}
    >
      {words.map((word, place) => (
        <button
          key={place}
          role="radio"
          class={place === 0 ? 'explain-word whole' : 'explain-word'}
          aria-checked={place === chosen}
          tabIndex={place === chosen ? 0 : -1}
          onClick={() => onChoose(place)}
        >
          {place === 0 ? t('whole sentence') : word}
        </button>
      ))}
    </div>
  );
}

interface ChoiceProps {
  name: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChoose: (value: string) => void;
  disabled?: boolean;
}

function Choice({ name, value, options, onChoose, disabled = false }: ChoiceProps) {
  return (
    <label class="explain-choice">
      <span class="muted">{name}</span>
      <select
        value={value}
        disabled={disabled}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A running model that has the images answers immediately: only a longer wait is shown. */
const PATIENCE_MS = 300;

function Waiting({ model, question }: { model: Model; question: ExplainedQuestion }) {
  const { explaining, process: ask } = model.asking;
  const waiting = explaining.waitsFor(question);
  const [long, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (!waiting) return;
    const timer = setTimeout(() => setLong(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  if (!waiting || !long) return null;
  return (
    <p class="explain-waiting muted">
      {ask.state === 'starting' ? t('the model is starting…') : t('Computing the heat map…')}{' '}
      <button class="quiet" onClick={() => explaining.cancel()}>
        {t('Cancel')}
      </button>
    </p>
  );
}

/** What the maps show, for those who do not see them and for all who want it exactly. */
function description(explained: Explained): string {
  const { words, word, empty, prediction, probTrue, grid } = explained;
  const name = word === 0 ? t('whole sentence') : (words[word] ?? '');
  if (empty)
    return t(
      'In the last layer only the whole sentence reaches the answer: Grad-CAM of “{0}” is 0. Choose an earlier layer.',
      name,
    );
  const [left, right] = [strongest(explained.left, grid), strongest(explained.right, grid)];
  const said = t(
    'The model answers {0}, probability of True {1}.',
    truth(prediction),
    probability(probTrue),
  );
  if (!left && !right)
    return `${said} ${t('“{0}”: nothing in the images supports that answer here.', name)}`;
  return `${said} ${whereText(name, left?.place, right?.place, (left?.value ?? 0) >= (right?.value ?? 0))}`;
}

/** @param inLeft the left image has the strongest of all patches. */
function whereText(
  name: string,
  left: Place | undefined,
  right: Place | undefined,
  inLeft: boolean,
): string {
  if (right === undefined)
    return t(
      'For “{0}” the strongest patch is in the {1} of the left image; there is nothing in the right image.',
      name,
      left ? placeText(left) : '',
    );
  if (left === undefined)
    return t(
      'For “{0}” the strongest patch is in the {1} of the right image; there is nothing in the left image.',
      name,
      placeText(right),
    );
  return inLeft
    ? t(
        'For “{0}” the strongest patch is in the {1} of the left image; in the right image it is in the {2}.',
        name,
        placeText(left),
        placeText(right),
      )
    : t(
        'For “{0}” the strongest patch is in the {1} of the right image; in the left image it is in the {2}.',
        name,
        placeText(right),
        placeText(left),
      );
}

function placeText(place: Place): string {
  switch (place) {
    case 'upper left':
      return t('upper left');
    case 'upper middle':
      return t('upper middle');
    case 'upper right':
      return t('upper right');
    case 'middle left':
      return t('middle left');
    case 'center':
      return t('center');
    case 'middle right':
      return t('middle right');
    case 'lower left':
      return t('lower left');
    case 'lower middle':
      return t('lower middle');
    case 'lower right':
      return t('lower right');
  }
}
