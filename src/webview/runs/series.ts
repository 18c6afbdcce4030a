import type { Row } from './columns';
import type { Model } from './model';

/** Which colour stands for which run: that of its group. */
export interface Series {
  /** By what is grouped; empty for nothing. */
  title: string;
  groups: string[];
  of(row: Row): number;
}

/** More than the colors that can be distinguished; the others share one. */
const MOST_GROUPS = 6;

export function seriesOf(model: Model): Series {
  const column = model.view.group === '' ? undefined : model.column(model.view.group);
  if (!column) return { title: '', groups: [], of: () => 0 };
  const found = model.lines.flatMap(({ group }) => (group ? [group.value] : []));
  const groups = found.slice(0, MOST_GROUPS);
  return {
    title: column.title,
    groups,
    of: (row) => {
      const place = groups.indexOf(column.text(row) || '–');
      return place < 0 ? MOST_GROUPS - 1 : place;
    },
  };
}
