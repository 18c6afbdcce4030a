/** The comparisons that panels show: their examples need not be found out again. */
import type { ComparedInThread } from '../../analysis/compareThread';
import type { ComparedSubset } from '../../webview/failures/messages';

interface Shows {
  /** What it shows, where that is the comparison that a subset is of. */
  comparedFor(subset: ComparedSubset): ComparedInThread | null;
}

/** Added and taken out by the panels. */
export const shownComparisons = new Set<Shows>();

/** The comparison that a subset is of; null where no panel shows it. */
export function shownComparison(subset: ComparedSubset): ComparedInThread | null {
  for (const each of shownComparisons) {
    const compared = each.comparedFor(subset);
    if (compared) return compared;
  }
  return null;
}
