import { startPanel } from '../shared/startPanel';
import './charts.css';
import './dashboard.css';
import './tables.css';
import { t } from '../shared/translate';
import { App } from './app';
import { Context, Cursor, type Host } from './context';
import type { DashboardContract, DashboardState } from './messages';
import { DashboardStore } from './store';

/** Model of the page. The store's subscriptions trigger rendering. */
class Page {
  readonly store: DashboardStore;
  readonly cursor = new Cursor();

  constructor(readonly host: Host) {
    this.store = new DashboardStore(
      host.state,
      (view) => {
        host.state = view;
      },
      (run) => requestAnimationFrame(run),
    );
  }

  receive(message: DashboardContract['toWebview']): void {
    this.store.receive(message);
  }
}

startPanel<DashboardContract, DashboardState, Page>({
  panel: 'dashboard',
  reopenHint: t('Close this panel and open it again from the status bar or the NLVR view.'),
  create: (connection) => new Page(connection),
  view: (page) => (
    <Context.Provider value={page}>
      <App />
    </Context.Provider>
  ),
  hasSeries: true,
});
