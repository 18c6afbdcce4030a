import { startPanel } from '../shared/startPanel';
import './config.css';
import type { HostConnection } from '../shared/hostConnection';
import { t } from '../shared/translate';
import { App } from './app';
import { FormModel, type ViewState } from './formModel';
import type { ConfigContract } from './messages';

/** Model of the page: the form, and view state that survives a reload. */
class Page {
  readonly form: FormModel;
  readonly view: Partial<ViewState>;
  private renderings = 0;

  constructor(
    private readonly connection: HostConnection<ConfigContract, ViewState>,
    changed: () => void,
  ) {
    this.view = connection.state;
    this.form = new FormModel(connection, changed);
  }

  receive(message: ConfigContract['toWebview']): void {
    this.form.receive(message);
  }

  /** Returns a new number for every rendering. */
  nextVersion(): number {
    return this.renderings++;
  }

  save(view: ViewState): void {
    this.connection.state = view;
  }
}

startPanel<ConfigContract, ViewState, Page>({
  panel: 'config',
  reopenHint: t('Close this tab and open the file again.'),
  create: (connection, changed) => new Page(connection, changed),
  view: (page) => (
    <App
      model={page.form}
      version={page.nextVersion()}
      view={page.view}
      saveView={(view) => page.save(view)}
    />
  ),
});
