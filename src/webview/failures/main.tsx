import { startPanel } from '../shared/startPanel';
import '../shared/frame.css';
import './failures.css';
import { t } from '../shared/translate';
import { App } from './app';
import type { FailuresContract } from './messages';
import { Model } from './model';
import type { ViewState } from './viewState';

startPanel<FailuresContract, ViewState, Model>({
  panel: 'failures',
  reopenHint: t('Close this panel and open it again from the status bar or the NLVR view.'),
  create: (connection, changed) =>
    new Model(connection, changed, (state) => (connection.state = state), connection.state),
  view: (model) => <App model={model} />,
});
