/** Startup of a panel's page: connection to the host, model and rendering. */
import { render, type ComponentChild } from 'preact';
import './base.css';
import { showConnectionBanner } from './connectionBanner';
import { HostConnection } from './hostConnection';
import type { PanelContract } from './messages';
import { pageRoot } from './pageRoot';
import { applySeriesColors } from './seriesColors';
import { onThemeChange } from './theme';

interface Start<C extends PanelContract, S, M> {
  /** Name of the bundle, for tests and styles. */
  panel: string;
  /** How to reopen the panel when its host is lost, in the user's language. */
  reopenHint: string;
  /** @param changed requests a rendering; all changes of a frame cause one rendering in the next frame */
  create: (connection: HostConnection<C, S>, changed: () => void) => M;
  view: (model: M) => ComponentChild;
  /** Whether the page uses the series colors. */
  hasSeries?: boolean;
}

/** Starts a page. Call it once. Import the panel's style sheets after this module, because they extend base.css. */
export function startPanel<
  C extends PanelContract,
  S,
  M extends { receive(message: C['toWebview']): void },
>({ panel, reopenHint, create, view, hasSeries = false }: Start<C, S, M>): void {
  document.body.dataset.panel = panel;
  const root = pageRoot();
  let scheduled = 0;
  const draw = (): void => render(view(model), root);
  const changed = (): void => {
    if (scheduled !== 0) return;
    scheduled = requestAnimationFrame(() => {
      scheduled = 0;
      draw();
    });
  };
  const connection = new HostConnection<C, S>((message) => model.receive(message));
  const model = create(connection, changed);
  if (hasSeries) {
    applySeriesColors(root);
    onThemeChange(() => applySeriesColors(root));
  }
  draw();
  connection.ready();
  showConnectionBanner(connection, root, reopenHint);
}
