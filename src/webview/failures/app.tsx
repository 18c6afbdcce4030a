import { useEffect, useRef, useState } from 'preact/hooks';
import { KeysFooter, Notice, ProgressBar } from '../shared/frame';
import { isTyping } from '../shared/keys';
import { announce, LiveRegion } from '../shared/liveRegion';
import { count } from '../shared/numbers';
import { predictionSetText } from '../shared/predictionSets';
import { StateMessage } from '../shared/stateMessage';
import { t } from '../shared/translate';
import { usePanelKeys } from '../shared/usePanelKeys';
import { Detail } from './detail';
import { toggleHeatMap } from './explain';
import { ExportDialog } from './exportDialog';
import { DEFAULT_FILTER } from './filter';
import { FiltersDialog } from './filtersDialog';
import { CELL_HEIGHT, Grid } from './grid';
import { keyHelp } from './keyHelp';
import { actionOf, type KeyAction } from './keys';
import { List, ROW_HEIGHT } from './list';
import { MarkDialog } from './markDialog';
import type { Model } from './model';
import { Splitter } from './splitter';
import { Filters, Header, ListHead } from './toolbar';
import { useZoom } from './useZoom';

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
  const { run, sets, loading } = model;
  if (!run) return <StateMessage kind="loading" title={t('Opening the predictions…')} />;
  if (run.missing)
    return (
      <StateMessage
        kind="error"
        title={t('This run folder no longer exists')}
        text={run.runFolder}
      />
    );
  if (sets.length === 0)
    return (
      <StateMessage
        kind="empty"
        title={t('No predictions yet')}
        text={
          run.active
            ? t('The predictions on the validation split appear here after the first epoch.')
            : t(
                'This run has never been evaluated. Evaluate its checkpoint, or resume the training.',
              )
        }
        action={{
          label: t('Open Training Dashboard'),
          run: () => model.send({ type: 'openDashboard' }),
        }}
      />
    );
  if (loading.state === 'failed')
    return <StateMessage kind="error" title={loading.message} text={loading.hint} />;
  return <Browser model={model} />;
}

function Browser({ model }: { model: Model }) {
  const { loading, set, rows, shown, newer } = model;
  const [exporting, setExporting] = useState(false);
  const [marking, setMarking] = useState(false);
  const [filtering, setFiltering] = useState(false);
  const { view, setView, pointer, zoom, pan } = useZoom(model);
  const search = useRef<HTMLInputElement>(null);
  const noteField = useRef<HTMLTextAreaElement>(null);
  const askField = useRef<HTMLTextAreaElement>(null);
  const root = useRef<HTMLDivElement>(null);

  const grid = model.layout === 'grid';
  const act = (action: KeyAction): void => {
    const { selected } = model;
    switch (action.do) {
      case 'move': {
        // One step up or down moves by a whole line of the grid.
        const by = grid && Math.abs(action.by) === 1 ? action.by * model.gridColumns : action.by;
        return model.moveTo(model.position < 0 ? 0 : model.position + by);
      }
      case 'jump':
        return model.moveTo(action.to === 'first' ? 0 : shown.length - 1);
      case 'group':
        if (grid) return model.moveTo(model.position + action.by);
        return model.moveInGroup(action.by);
      case 'layout':
        return model.setLayout(grid ? 'list' : 'grid');
      case 'zoom':
        return zoom(action.by);
      case 'pan':
        return pan(action.right, action.down);
      case 'mark':
        if (selected < 0) return;
        announce(model.rows.noteOf(selected).marked ? t('Mark removed.') : t('Marked.'));
        return void model.setNote(selected, { marked: !model.rows.noteOf(selected).marked });
      case 'markAll':
        return setMarking(shown.length > 0);
      case 'filters':
        return setFiltering(true);
      case 'tag':
        return root.current?.querySelector<HTMLElement>('.tags input')?.focus();
      case 'note':
        return noteField.current?.focus();
      case 'ask':
        askField.current?.focus();
        return askField.current?.select();
      case 'swap':
        return root.current?.querySelector<HTMLElement>('.ask-actions .toggle')?.click();
      case 'heat':
        return toggleHeatMap(model);
      case 'words':
        return root.current?.querySelector<HTMLElement>('.explain [aria-checked=true]')?.focus();
      case 'copy':
        if (selected < 0) return;
        announce(t('Identifier copied.'));
        return void model.copy(model.rows.identifierOf(selected));
      case 'annotation':
        return selected < 0 ? undefined : void model.openAnnotation(selected);
      case 'search':
        search.current?.focus();
        return search.current?.select();
      case 'export':
        return setExporting(shown.length > 0);
      case 'leave':
        // Escape first leaves a field, then resets the zoom.
        if (view.scale > 1 && !isTyping(document.activeElement)) return zoom('reset');
        return focusList(root.current);
    }
  };
  usePanelKeys((event) => {
    const target = event.target instanceof Element ? event.target : null;
    // Sliders and the splitter handle the arrow keys themselves.
    const slides = target?.matches('input[type=range], [role=separator]') ?? false;
    if (slides && event.key.startsWith('Arrow')) return false;
    const list = root.current?.querySelector('.list');
    const lineHeight = grid ? CELL_HEIGHT : ROW_HEIGHT;
    const lines = Math.max(1, Math.floor((list?.clientHeight ?? 0) / lineHeight) - 1);
    const page = grid ? lines * model.gridColumns : lines;
    const action = actionOf(event, isTyping(event.target), page);
    if (!action) return false;
    act(action);
    return true;
  });

  const ready = loading.state === 'ready';
  useEffect(() => {
    if (ready && set)
      announce(
        t('{0}: {1} examples, {2} wrong.', predictionSetText(set), rows.count, model.counts.wrong),
      );
  }, [ready, rows]);
  useEffect(() => {
    if (newer) announce(t('There are predictions of {0}.', predictionSetText(newer)));
  }, [newer?.epoch]);

  return (
    <div class="panel-frame browser" ref={root} aria-busy={!ready}>
      <Header model={model} onExport={() => setExporting(true)} />
      <Filters model={model} search={search} onSaved={() => setFiltering(true)} />
      <ProgressBar
        label={t('Reading the predictions')}
        share={loading.state === 'loading' ? loading.share : 1}
      />
      <Notices model={model} />
      <main class="main" style={{ '--list-share': `${(100 * model.listShare).toFixed(1)}%` }}>
        <section class="list-side" aria-label={t('Examples')}>
          <ListHead model={model} onMarkAll={() => setMarking(true)} />
          {shown.length === 0 ? (
            <EmptyList model={model} />
          ) : grid ? (
            <Grid model={model} />
          ) : (
            <List model={model} />
          )}
        </section>
        <Splitter share={model.listShare} onShare={(share) => model.setListShare(share)} />
        <Detail
          model={model}
          view={view}
          onView={setView}
          pointer={pointer}
          noteField={noteField}
          askField={askField}
        />
      </main>
      <KeysFooter keys={keyHelp()}>
        <kbd>↑</kbd> <kbd>↓</kbd> {t('move')} <kbd>←</kbd> <kbd>→</kbd> {t('group')} <kbd>Z</kbd>{' '}
        {t('zoom')} <kbd>M</kbd> {t('mark')} <kbd>N</kbd> {t('note')} <kbd>/</kbd> {t('search')}{' '}
        <kbd>E</kbd> {t('export')}
      </KeysFooter>
      <ExportDialog model={model} open={exporting} onClose={() => setExporting(false)} />
      <MarkDialog model={model} open={marking} onClose={() => setMarking(false)} />
      <FiltersDialog model={model} open={filtering} onClose={() => setFiltering(false)} />
    </div>
  );
}

/** Focuses the list, so that its keys work and a screen reader is at the selected example. */
function focusList(root: HTMLElement | null): void {
  const option = root?.querySelector<HTMLElement>('.list [aria-selected=true]');
  (option ?? root?.querySelector<HTMLElement>('.list'))?.focus({ preventScroll: true });
}

function Notices({ model }: { model: Model }) {
  const { loading, notice } = model;
  const skipped = loading.state === 'ready' ? loading.skipped : 0;
  return (
    <>
      {loading.state === 'ready' && loading.incomplete && (
        <Notice level="warning">
          {t(
            'The model was incomplete: parts of it had random values when it made these predictions.',
          )}
        </Notice>
      )}
      {skipped > 0 && loading.state === 'ready' && (
        <Notice level="warning">
          {t('Lines skipped in the predictions file: {0}.', count(skipped))}{' '}
          {t('The first: {0}', loading.firstProblem ?? '')}
        </Notice>
      )}
      {notice && (
        <Notice level={notice.level} onDismiss={() => model.notices.dismiss()}>
          {notice.message}
        </Notice>
      )}
    </>
  );
}

/** Placeholder for an empty list: no example passes the filter, or every answer is right. */
function EmptyList({ model }: { model: Model }) {
  const { rows, counts, filter, loading } = model;
  if (loading.state === 'loading') return <p class="nothing muted">{t('Reading…')}</p>;
  if (rows.count === 0) return <p class="nothing muted">{t('The predictions file is empty.')}</p>;
  const alone = { ...DEFAULT_FILTER, show: filter.show };
  // Keep the filter by answers and clear the others.
  if (model.countOf(alone) > 0)
    return (
      <div class="nothing">
        <p>{t('No examples match the filter.')}</p>
        <button class="primary" onClick={() => model.setFilter(alone)}>
          {t('Clear Other Filters')}
        </button>
      </div>
    );
  const allRight = filter.show === 'wrong' && counts.right > 0;
  return (
    <div class="nothing">
      <p>
        {allRight
          ? t('Every answer is right.')
          : counts.wrong + counts.right === 0
            ? t('These examples have no labels, so their answers cannot be right or wrong.')
            : t('There are no answers of this kind.')}
      </p>
      <button onClick={() => model.setFilter({ ...DEFAULT_FILTER, show: 'all' })}>
        {t('Show All {0}', count(rows.count))}
      </button>
    </div>
  );
}
