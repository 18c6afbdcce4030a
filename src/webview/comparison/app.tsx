import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../shared/icons';
import { isTyping, keysAreOff } from '../shared/keys';
import { KeysHelp } from '../shared/keysHelp';
import { announce, LiveRegion } from '../shared/liveRegion';
import { count, percent } from '../shared/numbers';
import { StateMessage } from '../shared/stateMessage';
import { t } from '../shared/translate';
import { Header } from './header';
import { keyHelp } from './keyHelp';
import { ExampleList } from './list';
import type { Model } from './model';
import { Slices } from './slices';
import { Findings, Summary } from './summary';
import { points } from './texts';

/** The panel, rendered again whenever the model has changed. */
export function App({ model }: { model: Model }) {
  return (
    <>
      <Content model={model} />
      <LiveRegion />
    </>
  );
}

function Content({ model }: { model: Model }) {
  const root = useRef<HTMLDivElement>(null);
  const { runs, comparison, state, cell } = model;

  const close = (): void => {
    model.closeList();
    // The list was opened from the number that had the focus last.
    root.current?.querySelector<HTMLElement>('.cell[aria-expanded=true]')?.focus();
  };
  const act = useRef<(key: string) => boolean>(() => false);
  act.current = (key) => {
    if (cell === null) return false;
    switch (key) {
      case 'Escape':
        close();
        return true;
      case '/':
        root.current?.querySelector<HTMLElement>('.examples input[type=search]')?.focus();
        return true;
      case 'a':
      case 'b':
        void model.open(key);
        return true;
    }
    return false;
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || keysAreOff()) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) && event.key !== 'Escape') return;
      if (act.current(event.key.length === 1 ? event.key.toLowerCase() : event.key))
        event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  useEffect(() => {
    if (state.state !== 'compared' || comparison === null) return;
    announce(
      t(
        'Compared {0} examples: accuracy {1} and {2}, {3} points.',
        count(comparison.n),
        percent(comparison.accuracyA),
        percent(comparison.accuracyB),
        points(comparison.difference),
      ),
    );
  }, [state.state === 'compared', comparison?.a.epoch, comparison?.b.epoch, comparison?.split]);

  if (!runs) return <StateMessage kind="loading" title={t('Opening the comparison…')} />;
  return (
    <div class="comparison" ref={root} aria-busy={!model.complete}>
      <Header model={model} />
      <Notices model={model} />
      {state.state === 'failed' ? (
        <StateMessage kind="error" title={state.message} text={state.hint ?? undefined} />
      ) : comparison === null ? (
        <StateMessage kind="loading" title={t('Comparing the predictions…')} />
      ) : (
        <main class={`main ${cell === null ? '' : 'with-list'}`}>
          <div
            class={`numbers ${state.state === 'comparing' ? 'old' : ''}`}
            role="region"
            aria-label={t('Numbers')}
            tabIndex={0}
          >
            <Summary model={model} comparison={comparison} />
            <Findings model={model} comparison={comparison} />
            <Slices model={model} comparison={comparison} />
          </div>
          {cell !== null && <ExampleList model={model} comparison={comparison} onClose={close} />}
        </main>
      )}
      <footer class="keys-line">
        <span aria-hidden="true" class="muted">
          <kbd>↑</kbd> <kbd>↓</kbd> <kbd>←</kbd> <kbd>→</kbd> {t('move')} <kbd>Enter</kbd>{' '}
          {t('show the examples')}
        </span>
        <KeysHelp keys={keyHelp()} openByButton />
      </footer>
    </div>
  );
}

function Notices({ model }: { model: Model }) {
  const { notice, runs, comparison } = model;
  const newer = runs?.newer ?? [];
  return (
    <>
      {newer.length > 0 && (
        <div class="notice">
          <Icon name="info" />
          <span>{t('These runs have newer predictions: {0}.', newer.join(', '))}</span>
          <button onClick={() => model.compareAgain()}>{t('Compare Again')}</button>
        </div>
      )}
      {comparison?.notes.map((note) => (
        <p key={note} class="notice warning">
          <Icon name="warning" />
          <span>{note}</span>
        </p>
      ))}
      {notice && (
        <div class={`notice ${notice.level}`} role={notice.level === 'error' ? 'alert' : undefined}>
          <Icon name={notice.level} />
          <span>{notice.message}</span>
          <button
            class="quiet icon-only"
            aria-label={t('Dismiss')}
            onClick={() => model.dismissNotice()}
          >
            <Icon name="cross" />
          </button>
        </div>
      )}
    </>
  );
}
