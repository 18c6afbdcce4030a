import { t } from '../shared/translate';
import type { XAxis } from './curve';
import { unitsOf } from './curveBuilders';
import { nearest } from './decimate';
import type { RunData } from './runData';

/** Event at a position of the x axis. */
export interface PlacedMark {
  /** In chart units. */
  x: number;
  label: string;
  /** Text for the tooltip and screen readers; contains the name of the run if there are several. */
  text: string;
  /** Index into the theme's series colors; null if there is one run. */
  color: number | null;
}

/** Returns the marks of the runs in the order of x: end of the curriculum, resumes, and best epoch. */
export function axisMarks(runs: readonly RunData[], axis: XAxis): PlacedMark[] {
  const several = runs.length > 1;
  return runs
    .flatMap((run) =>
      marksOf(run, axis).map(({ x, label }) => ({
        x,
        label,
        text: several ? `${run.header.name}: ${label}` : label,
        color: several ? run.header.color : null,
      })),
    )
    .sort((a, b) => a.x - b.x);
}

function marksOf(run: RunData, axis: XAxis): { x: number; label: string }[] {
  const { history, header, columns, count } = run;
  const units = unitsOf(run, axis);
  const xOf = (step: number): number => {
    if (!units.timed) return units.to(step);
    return columns.time[nearest(columns.step, count, step)] ?? 0;
  };
  const last = count > 0 ? (columns.step[count - 1] ?? 0) : 0;
  const marks = history.marks
    .filter(({ step }) => step < last)
    .map(({ kind, step }) => ({
      x: xOf(step),
      label: kind === 'stage' ? t('curriculum ends') : t('resumed'),
    }));
  const { best } = header;
  const at =
    best && history.evals.find(({ split, epoch }) => split === 'val' && epoch === best.epoch);
  if (at)
    marks.push({
      x: units.timed ? at.time : units.to(at.step),
      label: t('best: epoch {0}', at.epoch === null ? '' : at.epoch + 1),
    });
  return marks;
}
