import { startPanel } from '../shared/startPanel';
import '../shared/frame.css';
import './analysis.css';
import { t } from '../shared/translate';
import { App } from './app';
import type { AnalysisContract, PanelState } from './messages';
import { Model } from './model';

startPanel<AnalysisContract, PanelState, Model>({
  panel: 'analysis',
  reopenHint: t('Close this panel and open it again from the NLVR view.'),
  create: (connection, changed) =>
    new Model(connection, changed, (state) => (connection.state = state), connection.state),
  view: (model) => <App model={model} />,
});
