import { render } from 'preact';
import '../shared/base.css';
import './comparison.css';
import { followConnection } from '../shared/connectionBanner';
import { HostConnection } from '../shared/hostConnection';
import { pageRoot } from '../shared/pageRoot';
import { t } from '../shared/translate';
import { App } from './app';
import type { ComparisonContract } from './messages';
import { Model, type ViewState } from './model';

document.body.dataset.panel = 'comparison';
const root = pageRoot();

let scheduled = 0;
/** Many changes, one rendering a frame. */
function changed(): void {
  if (scheduled !== 0) return;
  scheduled = requestAnimationFrame(() => {
    scheduled = 0;
    draw();
  });
}

const connection = new HostConnection<ComparisonContract, ViewState>((message) =>
  model.receive(message),
);
const model = new Model(
  connection,
  changed,
  (state) => (connection.state = state),
  connection.state,
);
function draw(): void {
  render(<App model={model} />, root);
}
draw();
connection.ready();
followConnection(
  connection,
  root,
  t('Close this panel and open it again with NLVR: Compare Predictions… in the Command Palette.'),
);
