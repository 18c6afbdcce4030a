import { render } from 'preact';
import '../shared/base.css';
import { followConnection } from '../shared/connectionBanner';
import { HostConnection } from '../shared/hostConnection';
import { pageRoot } from '../shared/pageRoot';
import { applySeriesColours } from '../shared/seriesColours';
import { onThemeChange } from '../shared/theme';
import { t } from '../shared/translate';
import { App } from './app';
import type { RunsContract } from './messages';
import { Model } from './model';
import './runs.css';

document.body.dataset.panel = 'runs';
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

const connection = new HostConnection<RunsContract>((message) => model.receive(message));
const model = new Model(connection, changed);
function draw(): void {
  render(<App model={model} />, root);
}
applySeriesColours(root);
onThemeChange(() => applySeriesColours(root));
draw();
connection.ready();
followConnection(
  connection,
  root,
  t('Close this panel and open it again with NLVR: Open Runs Table.'),
);
