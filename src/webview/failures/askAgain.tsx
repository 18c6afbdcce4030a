import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { swapSides } from '../../util/sides';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { shortCount } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Asked, AskState, Problem } from './messages';
import type { Model } from './model';
import type { Question } from './questionHistory';
import { VerdictIcon } from './symbols';
import { probability, truth } from './texts';

interface AskProps {
  model: Model;
  row: number;
  field: RefObject<HTMLTextAreaElement>;
}

/** Asks the checkpoint about a changed sentence or swapped images, and lists all answers. */
export function AskAgain({ model, row, field }: AskProps) {
  const { rows } = model;
  const { process: state } = model.questions;
  const original = rows.sentenceOf(row);
  const { sentence, swapped } = model.questions.draftOf(row);
  const setSentence = (next: string) => model.questions.setDraft(row, { sentence: next });
  const asked = model.questions.about(row);
  const latest = asked.at(-1);
  const waiting = asked.some(({ answer, problem }) => !answer && !problem);
  const now = useRef<HTMLDivElement>(null);
  // Scroll only to new answers, not when an example with earlier answers is selected.
  const askedOnPage = useRef(false);
  const changed = sentence !== original || swapped;
  const swappedSentence = swapSides(sentence);

  useLayoutEffect(() => {
    if (askedOnPage.current) now.current?.scrollIntoView({ block: 'nearest' });
  }, [latest]);

  const send = async (question: Question) => {
    askedOnPage.current = true;
    const { answer, problem } = await model.questions.ask(row, question);
    announce(
      answer
        ? t(
            'The model answers {0}, probability of True {1}.',
            truth(answer.prediction),
            probability(answer.probTrue),
          )
        : (problem?.message ?? ''),
    );
  };
  const ask = () => {
    // Text typed since the last frame is not rendered yet.
    const draft = model.questions.draftOf(row);
    if (draft.sentence.trim() === '' || waiting) return;
    void send({
      sentence: draft.sentence.trim(),
      swapImages: draft.swapped,
      swapTest: false,
    });
  };

  const askAnyway = (question?: Question) => {
    model.send({ type: 'allowMissing' });
    if (!question) {
      ask();
      return;
    }
    const { sentence, swapImages, swapTest } = question;
    void send({ sentence, swapImages, swapTest });
  };

  if (state.state === 'unavailable')
    return (
      <section class="ask" aria-label={t('Ask again')}>
        <h3 class="section-title">{t('Ask again')}</h3>
        <p class="muted">
          {state.message}{' '}
          {state.trust && (
            <button onClick={() => model.send({ type: 'manageTrust' })}>
              {t('Manage Workspace Trust')}
            </button>
          )}
        </p>
      </section>
    );
  return (
    <section class="ask" aria-label={t('Ask again')}>
      <h3 class="section-title">
        {t('Ask again')} <ModelState state={state} />
      </h3>
      <div class="ask-now" ref={now}>
        <textarea
          ref={field}
          rows={2}
          value={sentence}
          aria-label={t('Sentence to ask about')}
          onFocus={() => model.questions.prepareQuestion(row)}
          onInput={(event) => setSentence(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            ask();
          }}
        />
        {latest && <LatestAnswer model={model} row={row} latest={latest} anyway={askAnyway} />}
        <div class="ask-actions">
          <button class="primary" disabled={waiting || sentence.trim() === ''} onClick={ask}>
            {t('Ask')}
          </button>
          <button
            class="toggle"
            aria-pressed={swapped}
            title={t('Show and ask with the left and right image swapped (S)')}
            onClick={() => model.questions.setDraft(row, { swapped: !swapped })}
          >
            <Icon name="swap" />
            {t('Swap Images')}
          </button>
          {swappedSentence !== sentence && (
            <button
              title={t('Swap the words “left” and “right” in the sentence')}
              onClick={() => setSentence(swappedSentence)}
            >
              {t('left ⇄ right')}
            </button>
          )}
          <button
            disabled={waiting}
            title={t(
              'Swap the images and the words "left" and "right" together: a consistent model keeps its answer',
            )}
            onClick={() =>
              void send({ sentence: swapSides(original), swapImages: true, swapTest: true })
            }
          >
            {t('Swap Test')}
          </button>
          {changed && (
            <button
              class="quiet"
              onClick={() => model.questions.setDraft(row, { sentence: original, swapped: false })}
            >
              <Icon name="reset" />
              {t('Reset')}
            </button>
          )}
        </div>
      </div>
      {state.state === 'failed' && asked.every(({ problem }) => !problem) && (
        <ProblemText model={model} problem={state} anyway={() => askAnyway()} />
      )}
      {asked.length > 0 && <History model={model} row={row} asked={asked} />}
    </section>
  );
}

interface LatestProps {
  model: Model;
  row: number;
  latest: Asked;
  /** Asks again with an incomplete model allowed. */
  anyway: (question: Question) => void;
}

/** Answer to the last question, with the original answer for comparison. */
function LatestAnswer({ model, row, latest, anyway }: LatestProps) {
  const { rows } = model;
  const { answer, problem } = latest;
  if (problem) return <ProblemText model={model} problem={problem} anyway={() => anyway(latest)} />;
  const original = rows.prediction[row] === 1;
  return (
    <p class="ask-answer number">
      {answer ? (
        <>
          <strong>{truth(answer.prediction)}</strong>
          <span>{t('P(True) {0}', probability(answer.probTrue))}</span>
          <span class="muted">
            {answer.prediction === original ? t('same answer') : t('other answer')}
            {' · '}
            {t(
              'the example: {0}, P(True) {1}',
              truth(original),
              probability(rows.probTrue[row] ?? NaN),
            )}
          </span>
        </>
      ) : (
        <span class="muted">{t('Waiting for the answer…')}</span>
      )}
    </p>
  );
}

function ModelState({ state }: { state: AskState }) {
  switch (state.state) {
    case 'starting':
      return <span class="muted ask-state">{t('the model is starting…')}</span>;
    case 'ready':
      return (
        <span class="muted ask-state">
          {t(
            'the best checkpoint, {0} parameters on {1}',
            shortCount(state.parameters),
            state.device,
          )}
          {state.incomplete !== undefined && <span class="incomplete"> {state.incomplete}</span>}
        </span>
      );
    case 'idle':
    case 'failed':
    case 'unavailable':
      return null;
  }
}

/** Table of the original answer and all questions since, newest last. */
function History({ model, row, asked }: { model: Model; row: number; asked: readonly Asked[] }) {
  const { rows } = model;
  const original = rows.prediction[row] === 1;
  return (
    <table class="asked">
      <caption class="visually-hidden">{t('Questions and answers')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('Answer')}</th>
          <th scope="col">{t('P(True)')}</th>
          <th scope="col">{t('Question')}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <td>{truth(original)}</td>
          <td class="number">{probability(rows.probTrue[row] ?? NaN)}</td>
          <td>
            {rows.sentenceOf(row)} <span class="chip">{t('original')}</span>
          </td>
        </tr>
        {asked.map((each) => (
          <tr key={each.id}>
            <td>
              {each.answer ? truth(each.answer.prediction) : each.problem ? '–' : <Waiting />}
            </td>
            <td class="number">{each.answer && probability(each.answer.probTrue)}</td>
            <td>
              {each.sentence} {each.swapImages && <span class="chip">{t('images swapped')}</span>}{' '}
              {each.swapTest && each.answer && (
                <span class="verdict-word">
                  <VerdictIcon verdict={each.answer.prediction === original ? 'right' : 'wrong'} />
                  {each.answer.prediction === original
                    ? t('swap test: the answer is unchanged')
                    : t('swap test: the answer changes')}
                </span>
              )}
              {each.problem && <span class="problem-text">{each.problem.message}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Waiting() {
  return (
    <span class="waiting" role="img" aria-label={t('waiting for the answer')}>
      …
    </span>
  );
}

interface ProblemProps {
  model: Model;
  problem: Problem;
  anyway: () => void;
}

export function ProblemText({ model, problem, anyway }: ProblemProps) {
  const { message, hint } = problem;
  return (
    <div class="problem">
      <Icon name="error" />
      <div>
        <p class="problem-text">{message}</p>
        {hint !== undefined && <p class="muted">{hint}</p>}
        {problem.anyway && <button onClick={anyway}>{t('Ask Anyway')}</button>}
        <button class="quiet" onClick={() => model.send({ type: 'showLog' })}>
          {t('Show Log')}
        </button>
      </div>
    </div>
  );
}
