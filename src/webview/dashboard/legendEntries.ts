import { runGroup, type Curve } from './curve';

/** A button of the legend. */
export interface LegendEntry {
  /** What it switches off. */
  id: string;
  label: string;
  /** How its line looks; `colour` null means any. */
  look: Pick<Curve, 'dash' | 'marker' | 'faintOf'> & { colour: number | null };
}

/**
 * What the legend of a chart lists. Curves of one kind from several runs are not listed one by one but as the runs
 * (colours) and the kinds (dashes and dots), which is shorter and says the same.
 */
export function legendEntries(curves: readonly Curve[]): LegendEntry[] {
  const kinds = new Map<string, LegendEntry>();
  const runs = new Map<string, LegendEntry>();
  const others: LegendEntry[] = [];
  const one = new Set(curves.map((curve) => curve.run)).size === 1;
  for (const curve of curves) {
    const { kind, run, colour, dash, marker } = curve;
    if (kind) {
      const id = runGroup(run);
      runs.set(id, { id, label: curve.runName, look: { colour, dash: [], marker: 'none' } });
      kinds.set(kind.id, { ...kind, look: { colour: null, dash, marker } });
    } else if (one || curve.faintOf === undefined)
      others.push({ id: curve.id, label: curve.label, look: curve });
  }
  return [...runs.values(), ...kinds.values(), ...others];
}
