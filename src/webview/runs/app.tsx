import { useRef } from 'preact/hooks';
import { isTyping } from '../shared/keys';
import { KeysHelp, type KeyHelp } from '../shared/keysHelp';
import { announce, LiveRegion } from '../shared/liveRegion';
import { StateMessage } from '../shared/stateMessage';
import { count } from '../shared/numbers';
import { t } from '../shared/translate';
import { usePanelKeys } from '../shared/usePanelKeys';
import { AxesDialog } from './axesDialog';
import { ColumnsDialog } from './columnsDialog';
import { EditDialog } from './editDialog';
import { FilterDialog } from './filterDialog';
import { Footer } from './footer';
import { Grid } from './grid';
import type { Model } from './model';
import { NewRunDialog } from './newRunDialog';
import { Parallel } from './parallel';
import { Scatter } from './scatter';
import { FilterChips, Toolbar } from './toolbar';

export function App({ model }: { model: Model }) {
  const field = useRef<HTMLInputElement | null>(null);
  const search = () => field.current?.focus();
  usePanelKeys((event) => {
    if (event.key !== '/' || isTyping(event.target)) return false;
    search();
    return true;
  });
  const exportRuns = async () => {
    const rows = model.selected.size > 0 ? model.targets : model.shown;
    const configuration = model.shownColumns.flatMap(({ key }) => key ?? []);
    const keys = rows.map(({ key }) => key);
    const file = await model.host.request('export', { keys, configuration });
    if (file === null) return;
    announce(
      keys.length === 1
        ? t('1 run was written to {0}.', file)
        : t('{0} runs were written to {1}.', count(keys.length), file),
    );
  };
  if (model.loading === null || (model.count === 0 && model.loading))
    return <StateMessage kind="loading" title={t('Reading the runs…')} />;
  if (model.count === 0)
    return (
      <StateMessage
        kind="empty"
        title={t('There are no runs yet')}
        text={t('Each run is a row, with its numbers and the configuration values that differ.')}
        action={
          model.trusted
            ? {
                label: t('Start NLVR Training'),
                run: () => model.host.send({ type: 'startTraining' }),
              }
            : undefined
        }
      />
    );
  return (
    <main class="runs">
      <h1 class="visually-hidden">{t('Runs Table')}</h1>
      <Toolbar
        model={model}
        searchField={(element) => (field.current = element)}
        onExport={() => void exportRuns().catch(() => undefined)}
      >
        <KeysHelp keys={keyHelp()} openByButton />
      </Toolbar>
      <FilterChips model={model} />
      <View model={model} search={search} />
      <Footer model={model} />
      <LiveRegion />
      <OpenDialog model={model} />
    </main>
  );
}

function View({ model, search }: { model: Model; search: () => void }) {
  if (model.shown.length === 0)
    return (
      <StateMessage
        kind="empty"
        title={t('No runs match the filters')}
        action={{
          label: t('Clear All Filters'),
          run: () => model.change({ text: '', filters: {} }),
        }}
      />
    );
  switch (model.view.mode) {
    case 'parallel':
      return <Parallel model={model} />;
    case 'scatter':
      return <Scatter model={model} />;
    case 'table':
      return <Grid model={model} search={search} />;
  }
}

function OpenDialog({ model }: { model: Model }) {
  const { dialog } = model;
  switch (dialog?.kind) {
    case 'columns':
      return <ColumnsDialog model={model} />;
    case 'axes':
      return <AxesDialog model={model} />;
    case 'filter':
      return <FilterDialog model={model} column={dialog.column} />;
    case 'edit':
      return <EditDialog model={model} keys={dialog.keys} />;
    case 'newRun':
      return <NewRunDialog model={model} run={dialog.key} />;
    case undefined:
      return null;
  }
}

function keyHelp(): KeyHelp[] {
  return [
    {
      keys: ['↑', '↓', '←', '→'],
      does: t('Go to another cell; from the first row up to the column headers'),
    },
    { keys: ['Enter'], does: t('Open the run; on a column header, sort by the column') },
    { keys: ['Shift', 'Enter'], does: t('On a column header, add the column to the sort order') },
    { keys: ['Space'], does: t('Select the run') },
    { keys: ['Shift', '↓'], does: t('Extend the selection') },
    { keys: ['Ctrl', 'A'], does: t('Select all runs that are shown') },
    { keys: ['C'], does: t('Compare the selected runs') },
    { keys: ['I'], does: t('Inspect failed examples') },
    { keys: ['N'], does: t('New run from this one') },
    { keys: ['S'], does: t('Star') },
    { keys: ['A'], does: t('Archive') },
    { keys: ['F2'], does: t('Edit name, description and tags') },
    { keys: ['Delete'], does: t('Delete the runs; on a column header, hide the column') },
    { keys: ['F'], does: t('On a column header, filter by the column') },
    { keys: ['G'], does: t('On a column header, group by the column') },
    { keys: ['P'], does: t('On a column header, pin the column') },
    { keys: ['Alt', '←', '→'], does: t('On a column header, move the column') },
    { keys: ['M'], does: t('On a column header, open its menu') },
    { keys: ['/'], does: t('Search') },
    { keys: ['?'], does: t('Show the keys') },
  ];
}
