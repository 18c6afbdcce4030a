import type { Colours } from './canvas';
import type { Row } from './columns';
import type { Model } from './model';

/** The color of each run: that of its group; without groups its own if runs are selected. */
export interface Series {
  /** The column by which runs are grouped; empty for none. */
  title: string;
  groups: string[];
  /** Its number among the series colours; -1 for none, behind those that have one. */
  of(row: Row): number;
}

/** More than the colors that can be distinguished; the others share one. */
const MOST_GROUPS = 6;

export function seriesOf(model: Model): Series {
  const column = model.view.group === '' ? undefined : model.column(model.view.group);
  const { colours } = model;
  if (!column)
    return {
      title: '',
      groups: [],
      of: (row) => (colours.size === 0 ? 0 : (colours.get(row.key) ?? -1)),
    };
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

/** The colour that a run is drawn in. */
export function colourOf(series: Series, row: Row, { series: all, muted, text }: Colours): string {
  const place = series.of(row);
  return place < 0 ? muted : (all[place % all.length] ?? text);
}
