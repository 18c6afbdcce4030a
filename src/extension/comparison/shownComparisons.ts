/** The comparisons that panels show, so that their examples are not computed again. */
import type { ComparedInThread } from '../../analysis/compareThread';
import type { ComparedSubset } from '../../webview/failures/messages';

interface ComparisonSource {
  /** The comparison shown, if the subset belongs to it. */
  comparedFor(subset: ComparedSubset): ComparedInThread | null;
}

/** Each panel adds and removes its session. */
export const shownComparisons = new Set<ComparisonSource>();

/** The comparison that a subset belongs to; null if no panel shows it. */
export function findShownComparison(subset: ComparedSubset): ComparedInThread | null {
  for (const each of shownComparisons) {
    const compared = each.comparedFor(subset);
    if (compared) return compared;
  }
  return null;
}
