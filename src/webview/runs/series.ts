import type { Colors } from './canvas';
import type { Row } from './columns';
import type { Model } from './model';

/** Colors of runs in the charts: by group, or without groups by run if runs are selected. */
export interface Series {
  /** Title of the column by which runs are grouped; empty for none. */
  title: string;
  groups: string[];
  /** Index of a row's series color; -1 for a muted color. */
  colorIndex(row: Row): number;
}

/** Number of groups with distinct colors; further groups share the last one. */
const MAX_GROUPS = 6;

export function seriesOf(model: Model): Series {
  const column = model.view.group === '' ? undefined : model.column(model.view.group);
  const { colors } = model;
  if (!column)
    return {
      title: '',
      groups: [],
      colorIndex: (row) => (colors.size === 0 ? 0 : (colors.get(row.key) ?? -1)),
    };
  const found = model.lines.flatMap(({ group }) => (group ? [group.value] : []));
  const groups = found.slice(0, MAX_GROUPS);
  return {
    title: column.title,
    groups,
    colorIndex: (row) => {
      const index = groups.indexOf(column.text(row) || '–');
      return index < 0 ? MAX_GROUPS - 1 : index;
    },
  };
}

/** Returns the color of a run. */
export function colorOf(series: Series, row: Row, { series: all, muted, text }: Colors): string {
  const index = series.colorIndex(row);
  return index < 0 ? muted : (all[index % all.length] ?? text);
}
