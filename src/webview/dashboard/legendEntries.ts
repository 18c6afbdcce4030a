import { runGroup, type Curve } from './curve';

/** A button of the legend. */
export interface LegendEntry {
  /** What it switches off. */
  id: string;
  label: string;
  /** How its line looks; `color` null means any. */
  style: Pick<Curve, 'dash' | 'marker' | 'smoothedCurve'> & { color: number | null };
}

/**
 * What the legend of a chart lists. Curves of one kind from several runs are not listed one by one but as the runs
 * (colors) and the kinds (dashes and dots), which is shorter and says the same.
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
