import { render } from 'preact';
import '../shared/base.css';
import './config.css';
import { followConnection } from '../shared/connectionBanner';
import { HostConnection } from '../shared/hostConnection';
import { pageRoot } from '../shared/pageRoot';
import { t } from '../shared/translate';
import { App } from './app';
import { FormModel, type ViewState } from './formModel';
import type { ConfigContract } from './messages';

document.body.dataset.panel = 'config';
const root = pageRoot();

let version = 0;
let scheduled = 0;
/** Many changes, one rendering a frame. */
function changed(): void {
  if (scheduled !== 0) return;
  scheduled = requestAnimationFrame(() => {
    scheduled = 0;
    version++;
    draw();
  });
}

const connection = new HostConnection<ConfigContract, ViewState>((message) =>
  model.receive(message),
);
const model = new FormModel(connection, changed);
const view = connection.state;

function draw(): void {
  render(
    <App
      model={model}
      version={version}
      view={view}
      saveView={(state) => (connection.state = state)}
    />,
    root,
  );
}
draw();
connection.ready();
followConnection(connection, root, t('Close this tab and open the file again.'));
