import { startPanel } from '../shared/startPanel';
import './runs.css';
import { t } from '../shared/translate';
import { App } from './app';
import type { RunsContract } from './messages';
import { Model } from './model';

startPanel<RunsContract, unknown, Model>({
  panel: 'runs',
  reopenHint: t('Close this panel and open it again with NLVR: Open Runs Table.'),
  create: (connection, changed) => new Model(connection, changed),
  view: (model) => <App model={model} />,
  hasSeries: true,
});
