import type { Colors } from './canvas';
import type { Row } from './columns';
import type { Model } from './model';

/** The color of each run: that of its group; without groups its own if runs are selected. */
export interface Series {
  /** The column by which runs are grouped; empty for none. */
  title: string;
  groups: string[];
  /** Its number among the series colors; -1 for none, behind those that have one. */
  colorIndex(row: Row): number;
}

/** More than the colors that can be distinguished; the others share one. */
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
      const place = groups.indexOf(column.text(row) || '–');
      return place < 0 ? MAX_GROUPS - 1 : place;
    },
  };
}

/** The color that a run is drawn in. */
export function colorOf(series: Series, row: Row, { series: all, muted, text }: Colors): string {
  const place = series.colorIndex(row);
  return place < 0 ? muted : (all[place % all.length] ?? text);
}
