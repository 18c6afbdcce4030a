import type { QuestionsState } from './questionsModel';
import type { ListState } from './exampleList';
import type { PanelState } from './messages';

/** Layout of the examples: a list with sentences, or a grid of image pairs. */
export type Layout = 'list' | 'grid';

/** Display options of the page, independent of the predictions. */
export interface ViewOptions {
  /** Width of the list as a share of the panel. */
  listShare: number;
  /** Keep the zoom for the next example. */
  keepZoom: boolean;
  layout: Layout;
}

/** State that survives a reload of the page. */
export interface ViewState extends PanelState, ListState, ViewOptions, QuestionsState {}

/** Returns the display options of a new page from a saved state. */
export function viewOptionsOf({
  listShare = 0.38,
  keepZoom = false,
  layout = 'list',
}: Partial<ViewOptions>): ViewOptions {
  return { listShare, keepZoom, layout };
}

/** Limits the width of the list so that both sides of the panel stay usable. */
export function clampListShare(share: number): number {
  return Math.min(0.75, Math.max(0.15, share));
}
