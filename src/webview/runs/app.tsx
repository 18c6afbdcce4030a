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
      description: t('Go to another cell; from the first row up to the column headers'),
    },
    { keys: ['Enter'], description: t('Open the run; on a column header, sort by the column') },
    {
      keys: ['Shift', 'Enter'],
      description: t('On a column header, add the column to the sort order'),
    },
    { keys: ['Space'], description: t('Select the run') },
    { keys: ['Shift', '↓'], description: t('Extend the selection') },
    { keys: ['Ctrl', 'A'], description: t('Select all runs that are shown') },
    { keys: ['C'], description: t('Compare the selected runs') },
    { keys: ['I'], description: t('Inspect failed examples') },
    { keys: ['N'], description: t('New run from this one') },
    { keys: ['S'], description: t('Star') },
    { keys: ['A'], description: t('Archive') },
    { keys: ['F2'], description: t('Edit name, description and tags') },
    { keys: ['Delete'], description: t('Delete the runs; on a column header, hide the column') },
    { keys: ['F'], description: t('On a column header, filter by the column') },
    { keys: ['G'], description: t('On a column header, group by the column') },
    { keys: ['P'], description: t('On a column header, pin the column') },
    { keys: ['Alt', '←', '→'], description: t('On a column header, move the column') },
    { keys: ['M'], description: t('On a column header, open its menu') },
    { keys: ['/'], description: t('Search') },
    { keys: ['?'], description: t('Show the keys') },
  ];
}
