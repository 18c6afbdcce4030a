import { render } from 'preact';
import '../shared/base.css';
import { followConnection } from '../shared/connectionBanner';
import { HostConnection } from '../shared/hostConnection';
import { pageRoot } from '../shared/pageRoot';
import { onThemeChange } from '../shared/theme';
import { t } from '../shared/translate';
import { App } from './app';
import { applySeriesColours } from '../shared/seriesColours';
import './charts.css';
import { Context, Cursor, type Host } from './context';
import './dashboard.css';
import { DashboardStore } from './store';
import './tables.css';

const root = pageRoot();
const host: Host = new HostConnection((message) => store.receive(message));
const store = new DashboardStore(
  host.state,
  (view) => {
    host.state = view;
  },
  (run) => requestAnimationFrame(run),
);
applySeriesColours(root);
onThemeChange(() => applySeriesColours(root));
render(
  <Context.Provider value={{ store, host, cursor: new Cursor() }}>
    <App />
  </Context.Provider>,
  root,
);
host.ready();
followConnection(
  host,
  root,
  t('Close this panel and open it again from the status bar or the NLVR view.'),
);
