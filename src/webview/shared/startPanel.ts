/** The start of a panel's page: its connection to the host, its model, and what is drawn of it. */
import { render, type ComponentChild } from 'preact';
import './base.css';
import { followConnection } from './connectionBanner';
import { HostConnection } from './hostConnection';
import type { PanelContract } from './messages';
import { pageRoot } from './pageRoot';
import { applySeriesColours } from './seriesColours';
import { onThemeChange } from './theme';

interface Start<C extends PanelContract, S, M> {
  /** The bundle's name, for tests and styles. */
  panel: string;
  /** How the panel is opened again when its host is gone, in the user's language. */
  remedy: string;
  /** @param changed says that the page has to be drawn again; many changes make one rendering of the next frame. */
  create: (connection: HostConnection<C, S>, changed: () => void) => M;
  view: (model: M) => ComponentChild;
  /** The colours of runs are needed. */
  hasSeries?: boolean;
}

/** Starts a page; to be called once. Its style sheets are imported after this module: they add to base.css. */
export function startPanel<
  C extends PanelContract,
  S,
  M extends { receive(message: C['toWebview']): void },
>({ panel, remedy, create, view, hasSeries = false }: Start<C, S, M>): void {
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
    applySeriesColours(root);
    onThemeChange(() => applySeriesColours(root));
  }
  draw();
  connection.ready();
  followConnection(connection, root, remedy);
}
