import type { AskingState } from './asking';
import type { ListState } from './exampleList';
import type { PanelState } from './messages';

/** How the examples are shown: with their sentences, or as pairs of pictures. */
export type Layout = 'list' | 'grid';

/** How the page is divided and drawn; it does not depend on the predictions. */
export interface ViewOptions {
  /** Width of the list as a share of the panel. */
  listShare: number;
  /** The next example is shown at the zoom of the one before. */
  keepZoom: boolean;
  layout: Layout;
}

/** What survives a reload of the page. */
export interface ViewState extends PanelState, ListState, ViewOptions, AskingState {}

/** The options of a page that is opened. @param state what an earlier page left */
export function viewOptionsOf({
  listShare = 0.38,
  keepZoom = false,
  layout = 'list',
}: Partial<ViewOptions>): ViewOptions {
  return { listShare, keepZoom, layout };
}

/** A width of the list at which both sides of the panel can be used. */
export function allowedListShare(share: number): number {
  return Math.min(0.75, Math.max(0.15, share));
}
