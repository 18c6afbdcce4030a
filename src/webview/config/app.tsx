import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { isTyping, areKeysDisabled } from '../shared/keys';
import { KeysHelp } from '../shared/keysHelp';
import { LiveRegion, announce } from '../shared/liveRegion';
import { StateMessage } from '../shared/stateMessage';
import { t } from '../shared/translate';
import { TrainingPlan } from './trainingPlan';
import { Field } from './field';
import { matches } from './filter';
import type { FormModel, ViewState } from './formModel';
import type { FormProblem, FormState } from './messages';
import { Problems } from './problems';
import { restoreScroll } from './restoreScroll';

interface AppProps {
  model: FormModel;
  /** Changes with the model, to trigger rendering. */
  version: number;
  view: Partial<ViewState>;
  saveView: (view: ViewState) => void;
}

export function App({ model, view, saveView }: AppProps) {
  const [search, setSearch] = useState(view.search ?? '');
  const [changedOnly, setChangedOnly] = useState(view.changedOnly ?? false);
  const searchField = useRef<HTMLInputElement>(null);
  const { state } = model;
  const [scroll, setScroll] = useState(view.scroll ?? 0);
  useEffect(() => {
    saveView({ search, changedOnly, scroll });
  }, [search, changedOnly, scroll]);
  // Without fields there is nothing to scroll.
  const isLoaded = state !== undefined;
  useLayoutEffect(() => {
    const root = document.getElementById('root');
    return isLoaded && root ? restoreScroll(root, scroll, setScroll) : undefined;
  }, [isLoaded]);
  useEffect(() => onKeys(model, () => searchField.current), []);

  if (state === undefined) return <StateMessage kind="loading" title={t('Reading the file')} />;
  const shown = model.fields.filter((info) =>
    matches(info, search, changedOnly, (key) => model.field(key)),
  );
  return (
    <div class="page">
      <LiveRegion />
      <header>
        <div class="title">
          <h1>{model.file}</h1>
          <Summary state={state} />
          <span class="grow" />
          <KeysHelp keys={keys()} openByButton />
          <button onClick={() => model.openText(state.syntaxError?.line)}>
            {t('Open as Text')}
          </button>
        </div>
        {!state.syntaxError && (
          <div class="tools">
            <label class="search">
              <Icon name="search" />
              <span class="visually-hidden">{t('Search keys')}</span>
              <input
                ref={searchField}
                type="search"
                placeholder={t('Search keys')}
                value={search}
                onInput={(event) => {
                  setSearch(event.currentTarget.value);
                  announceCount(model, event.currentTarget.value, changedOnly);
                }}
                onKeyDown={(event) => {
                  if (event.key === 'Escape') setSearch('');
                }}
              />
            </label>
            <label class="toggle">
              <input
                type="checkbox"
                checked={changedOnly}
                onChange={(event) => {
                  setChangedOnly(event.currentTarget.checked);
                  announceCount(model, search, event.currentTarget.checked);
                }}
              />
              {t('changed only')}
            </label>
          </div>
        )}
        <Failure model={model} />
      </header>
      {state.syntaxError ? (
        <SyntaxErrorMessage broken={state.syntaxError} model={model} />
      ) : (
        <div class="columns">
          <main>
            <Problems id="others" problems={state.otherProblems} model={model} withLine />
            {model.groups.map((group) => {
              const fields = shown.filter((info) => info.group === group);
              if (fields.length === 0) return null;
              return (
                <section key={group} aria-labelledby={`group-${group}`}>
                  <h2 id={`group-${group}`}>{t(group)}</h2>
                  {fields.map((info) => (
                    <Field key={info.key} info={info} model={model} />
                  ))}
                </section>
              );
            })}
            {shown.length === 0 && (
              <StateMessage
                kind="empty"
                title={t('No matching keys')}
                action={{
                  label: t('Show All'),
                  run: () => {
                    setSearch('');
                    setChangedOnly(false);
                  },
                }}
              />
            )}
          </main>
          <TrainingPlan insights={model.insights} />
        </div>
      )}
    </div>
  );
}

function Summary({ state }: { state: FormState }) {
  if (state.syntaxError) return null;
  const problems = allProblems(state);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.filter(({ severity }) => severity === 'warning').length;
  if (errors + warnings === 0)
    return (
      <span class="summary muted">
        <Icon name="check" /> {t('ready to train')}
      </span>
    );
  return (
    <button
      class={`summary quiet ${errors > 0 ? 'error' : 'warning'}`}
      title={t('Go to the first')}
      onClick={focusFirstProblem}
    >
      <Icon name={errors > 0 ? 'error' : 'warning'} />
      {errors > 0 ? (errors === 1 ? t('1 error') : t('{0} errors', errors)) : ''}
      {errors > 0 && warnings > 0 ? ', ' : ''}
      {warnings > 0 ? (warnings === 1 ? t('1 warning') : t('{0} warnings', warnings)) : ''}
    </button>
  );
}

const allProblems = (state: FormState): FormProblem[] => [
  ...state.otherProblems,
  ...Object.values(state.fields).flatMap(({ problems }) => problems),
];

/** Focuses the control of the page's first problem, or the problem's first button. */
function focusFirstProblem(): void {
  const problem = document.querySelector('.problem.error') ?? document.querySelector('.problem');
  const control = problem?.closest('.field')?.querySelector('input, select');
  const target = control ?? problem?.querySelector('button');
  if (target instanceof HTMLElement) target.focus();
  problem?.scrollIntoView({ block: 'center' });
}

function SyntaxErrorMessage({
  broken,
  model,
}: {
  broken: NonNullable<FormState['syntaxError']>;
  model: FormModel;
}) {
  return (
    <StateMessage
      kind="error"
      title={t('The file cannot be read')}
      text={t('Line {0}: {1}', broken.line, broken.message)}
      action={{ label: t('Fix in Text'), run: () => model.openText(broken.line) }}
    />
  );
}

function Failure({ model }: { model: FormModel }) {
  const { failure } = model;
  if (failure === undefined) return null;
  return (
    <div class="failure" role="alert">
      <Icon name="error" />
      <span class="grow">
        {failure.message} {failure.hint}
      </span>
      <button
        class="quiet icon-only"
        aria-label={t('Dismiss')}
        onClick={() => model.dismissFailure()}
      >
        <Icon name="cross" />
      </button>
    </div>
  );
}

const keys = () => [
  { keys: ['/'], description: t('search keys') },
  { keys: ['Enter'], description: t('write what was typed') },
  { keys: ['Esc'], description: t('discard what was typed') },
  { keys: ['Ctrl', 'Z'], description: t('undo') },
  { keys: ['?'], description: t('these keys') },
];

function onKeys(model: FormModel, searchField: () => HTMLInputElement | null): () => void {
  const onKey = (event: KeyboardEvent): void => {
    // VS Code handles saving and then requests the drafts. Sending them now avoids the wait.
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') model.commitAll();
    const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f';
    if (!isFind && (event.key !== '/' || isTyping(event.target) || areKeysDisabled())) return;
    event.preventDefault();
    searchField()?.focus();
    searchField()?.select();
  };
  const onHide = (): void => model.commitAll();
  window.addEventListener('keydown', onKey, true);
  window.addEventListener('blur', onHide);
  return () => {
    window.removeEventListener('keydown', onKey, true);
    window.removeEventListener('blur', onHide);
  };
}

function announceCount(model: FormModel, search: string, changedOnly: boolean): void {
  const found = model.fields.filter((info) =>
    matches(info, search, changedOnly, (key) => model.field(key)),
  );
  announce(found.length === 1 ? t('1 key') : t('{0} keys', found.length));
}
