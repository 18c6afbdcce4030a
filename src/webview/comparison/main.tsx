import { startPanel } from '../shared/startPanel';
import '../shared/frame.css';
import './comparison.css';
import { t } from '../shared/translate';
import { App } from './app';
import type { ComparisonContract } from './messages';
import { Model, type ViewState } from './model';

startPanel<ComparisonContract, ViewState, Model>({
  panel: 'comparison',
  reopenHint: t(
    'Close this panel and open it again with NLVR: Compare Predictions… in the Command Palette.',
  ),
  create: (connection, changed) =>
    new Model(connection, changed, (state) => (connection.state = state), connection.state),
  view: (model) => <App model={model} />,
});
