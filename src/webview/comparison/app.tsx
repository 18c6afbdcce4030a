import { useEffect, useRef } from 'preact/hooks';
import { KeysFooter, Notice } from '../shared/frame';
import { announce, LiveRegion } from '../shared/liveRegion';
import { count, percent } from '../shared/numbers';
import { StateMessage } from '../shared/stateMessage';
import { t } from '../shared/translate';
import { hasModifierOrIsTyping, usePanelKeys } from '../shared/usePanelKeys';
import { Header } from './header';
import { keyHelp } from './keyHelp';
import { ExampleList } from './list';
import type { Model } from './model';
import { Slices } from './slices';
import { Findings, Summary } from './summary';
import { points } from './texts';

/** Root component of the panel, rendered after every change of the model. */
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
    // Return the focus to the number from which the list was opened.
    root.current?.querySelector<HTMLElement>('.cell[aria-expanded=true]')?.focus();
  };
  usePanelKeys((event) => {
    if (cell === null || (hasModifierOrIsTyping(event) && event.key !== 'Escape')) return false;
    switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
      case 'Escape':
        if (event.ctrlKey || event.metaKey || event.altKey) return false;
        close();
        return true;
      case '/':
        root.current?.querySelector<HTMLElement>('.examples input[type=search]')?.focus();
        return true;
      case 'a':
        void model.open('a');
        return true;
      case 'b':
        void model.open('b');
        return true;
    }
    return false;
  });

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
    <div class="panel-frame comparison" ref={root} aria-busy={!model.complete}>
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
      <KeysFooter keys={keyHelp()}>
        <kbd>↑</kbd> <kbd>↓</kbd> <kbd>←</kbd> <kbd>→</kbd> {t('move')} <kbd>Enter</kbd>{' '}
        {t('show the examples')}
      </KeysFooter>
    </div>
  );
}

function Notices({ model }: { model: Model }) {
  const { notice, runs, comparison } = model;
  const newer = runs?.newer ?? [];
  return (
    <>
      {newer.length > 0 && (
        <Notice
          level="info"
          actions={<button onClick={() => model.compareAgain()}>{t('Compare Again')}</button>}
        >
          {t('These runs have newer predictions: {0}.', newer.join(', '))}
        </Notice>
      )}
      {comparison?.notes.map((note) => (
        <Notice key={note} level="warning">
          {note}
        </Notice>
      ))}
      {notice && (
        <Notice level={notice.level} onDismiss={() => model.dismissNotice()}>
          {notice.message}
        </Notice>
      )}
    </>
  );
}
