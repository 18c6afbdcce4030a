import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { maxOfMaps, strongest, type Place } from '../../util/heatMap';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { t } from '../shared/translate';
import { ProblemText } from './askAgain';
import type { ExplainedQuestion, ExplanationOptions } from './explanationModel';
import { HeatMapOverlay } from './heatMapOverlay';
import type { Explained } from './messages';
import type { Model } from './model';
import { probability, truth } from './texts';
import type { Viewpoint } from './viewpoint';

interface ExplainProps {
  model: Model;
  row: number;
}

/** Controls of the heat maps for a word of the current question. */
export function Explain({ model, row }: ExplainProps) {
  const { explanation, process: ask } = model.questions;
  const question = model.questions.explainedQuestion(row);
  const explained = explanation.explained(question);
  const problem = explanation.problem(question);
  const waiting = explanation.isWaitingFor(question);
  // The button disappears when the words appear, so the focus moves to them.
  const section = useRef<HTMLElement>(null);
  const pressed = useRef(false);
  useEffect(() => {
    if (!explained || !pressed.current) return;
    pressed.current = false;
    section.current?.querySelector<HTMLElement>('[aria-checked=true]')?.focus();
  }, [explained]);
  // The Ask again section explains why the model is unavailable.
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
            void explainAndAnnounce(model, question);
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
            void explainAndAnnounce(model, question);
          }}
        />
      )}
    </section>
  );
}

/** Renders the heat maps over the images of a row; undefined if they are hidden or missing. */
export function heatMapOverlay(
  model: Model,
  row: number,
): ((position: 0 | 1, ratio: number, view: Viewpoint) => ComponentChildren) | undefined {
  const { explanation } = model.questions;
  const explained = explanation.isDrawn
    ? explanation.explained(model.questions.explainedQuestion(row))
    : null;
  if (!explained) return undefined;
  const maps = [explained.left, explained.right];
  const scale = maxOfMaps(maps);
  const { grid } = explained;
  return (position, ratio, view) => (
    <HeatMapOverlay
      {...{ map: maps[position] ?? [], grid, scale, fade: explanation.fade, ratio, view }}
    />
  );
}

/** Computes the heat map on first use, then shows or hides it. */
export function toggleHeatMap(model: Model): void {
  const { selected } = model;
  const { explanation, process: ask } = model.questions;
  if (selected < 0 || ask.state === 'unavailable') return;
  const question = model.questions.explainedQuestion(selected);
  if (!explanation.explained(question)) {
    if (question.sentence !== '' && !explanation.isWaitingFor(question))
      void explainAndAnnounce(model, question);
    return;
  }
  explanation.setDrawn(!explanation.isDrawn);
  announce(explanation.isDrawn ? t('Heat map shown.') : t('Heat map hidden.'));
}

async function explainAndAnnounce(
  model: Model,
  question: ExplainedQuestion,
  change?: Partial<ExplanationOptions>,
): Promise<void> {
  const { explanation } = model.questions;
  const explained = await explanation.show(question, change);
  const problem = explanation.problem(question);
  if (explained) announce(description(explained));
  else if (problem) announce(problem.message);
}

interface ControlsProps {
  model: Model;
  question: ExplainedQuestion;
  explained: Explained;
}

function Controls({ model, question, explained }: ControlsProps) {
  const { explanation } = model.questions;
  const { options, fade, isDrawn } = explanation;
  const [saved, setSaved] = useState<string | null>(null);
  const change = (next: Partial<ExplanationOptions>) =>
    void explainAndAnnounce(model, question, next);
  const { answer, prediction } = explained;
  const from1 = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));
  return (
    <>
      <WordPicker explained={explained} onChoose={(word) => change({ word })} />
      <div class="explain-choices">
        <Choice
          name={t('Answer')}
          value={String(answer)}
          options={[true, false].map((each) => [
            String(each),
            each === prediction ? t('why {0}', truth(each)) : t('why not {0}', truth(each)),
          ])}
          onChoose={(value) => change({ answer: value === 'true' })}
          disabled={options.method === 'attention'}
        />
        <Choice
          name={t('Method')}
          value={options.method}
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
          value={options.head === null ? '' : String(options.head)}
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
            onInput={(event) => explanation.setFade(Number(event.currentTarget.value) / 100)}
          />
        </label>
        <button
          class="toggle"
          aria-pressed={isDrawn}
          title={t('Show or hide the heat map (H)')}
          onClick={() => explanation.setDrawn(!isDrawn)}
        >
          {t('Heat Map')}
        </button>
        <button
          onClick={() => void explanation.save(question).then((file) => setSaved(file))}
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

/** The sentence as the model reads it. A word is chosen with a click or the arrow keys. */
function WordPicker({
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
  const movedByKey = useRef(false);
  useEffect(() => {
    // The focus follows a choice made with a key.
    if (movedByKey.current)
      group.current?.querySelector<HTMLElement>('[aria-checked=true]')?.focus();
    movedByKey.current = false;
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
        movedByKey.current = true;
        onChoose((to + words.length) % words.length);
      }}
    >
      {words.map((word, index) => (
        <button
          key={index}
          role="radio"
          class={index === 0 ? 'explain-word whole' : 'explain-word'}
          aria-checked={index === chosen}
          tabIndex={index === chosen ? 0 : -1}
          onClick={() => onChoose(index)}
        >
          {index === 0 ? t('whole sentence') : word}
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

/** A running model with loaded images answers immediately, so only a longer wait is shown. */
const WAIT_NOTICE_DELAY_MS = 300;

function Waiting({ model, question }: { model: Model; question: ExplainedQuestion }) {
  const { explanation, process: ask } = model.questions;
  const waiting = explanation.isWaitingFor(question);
  const [long, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (!waiting) return;
    const timer = setTimeout(() => setLong(true), WAIT_NOTICE_DELAY_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  if (!waiting || !long) return null;
  return (
    <p class="explain-waiting muted">
      {ask.state === 'starting' ? t('the model is starting…') : t('Computing the heat map…')}{' '}
      <button class="quiet" onClick={() => explanation.cancel()}>
        {t('Cancel')}
      </button>
    </p>
  );
}

/** Describes the heat maps in words, for screen readers and for the exact values. */
function description(explained: Explained): string {
  const { words, word, empty, prediction, probTrue, grid } = explained;
  const name = word === 0 ? t('whole sentence') : (words[word] ?? '');
  if (empty)
    return t(
      'In the last layer only the whole sentence reaches the answer: Grad-CAM of “{0}” is 0. Choose an earlier layer.',
      name,
    );
  const [left, right] = [strongest(explained.left, grid), strongest(explained.right, grid)];
  const answerText = t(
    'The model answers {0}, probability of True {1}.',
    truth(prediction),
    probability(probTrue),
  );
  if (!left && !right)
    return `${answerText} ${t('“{0}”: nothing in the images supports that answer here.', name)}`;
  return `${answerText} ${whereText(name, left?.place, right?.place, (left?.value ?? 0) >= (right?.value ?? 0))}`;
}

/** Describes the positions of the strongest patches. @param inLeft whether the strongest patch is in the left image */
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
