import { runGroup, type Curve } from './curve';

/** A button of the legend. */
export interface LegendEntry {
  /** Id that the button hides. */
  id: string;
  label: string;
  /** Style of the line; `color` null stands for any color. */
  style: Pick<Curve, 'dash' | 'marker' | 'smoothedCurve'> & { color: number | null };
}

/**
 * Returns the legend of a chart. Curves of several runs and kinds are listed as runs (colors) and kinds (dashes and dots)
 * instead of one by one.
 */
export function legendEntries(curves: readonly Curve[]): LegendEntry[] {
  const kinds = new Map<string, LegendEntry>();
  const runs = new Map<string, LegendEntry>();
  const others: LegendEntry[] = [];
  const isSingleRun = new Set(curves.map((curve) => curve.run)).size === 1;
  for (const curve of curves) {
    const { kind, run, color, dash, marker } = curve;
    if (kind) {
      const id = runGroup(run);
      runs.set(id, { id, label: curve.runName, style: { color, dash: [], marker: 'none' } });
      kinds.set(kind.id, { ...kind, style: { color: null, dash, marker } });
    } else if (isSingleRun || curve.smoothedCurve === undefined)
      others.push({ id: curve.id, label: curve.label, style: curve });
  }
  return [...runs.values(), ...kinds.values(), ...others];
}
