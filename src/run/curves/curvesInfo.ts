/** Updates the description of an imported run from its curves, which may have grown since `run.json` was written. */
import type { BestResult, RunInfo } from '../runInfo';
import { RunFolder } from '../runFolder';
import { openScalars, readCurvesFile } from './curvesFile';
import { TrainingCurves } from './trainingCurves';
import { errnoOf, UserError } from '../../util/userError';

type CurvesInfo = Pick<
  RunInfo,
  'epoch' | 'maxEpoch' | 'step' | 'totalSteps' | 'best' | 'started' | 'ended' | 'heartbeat'
>;

/** Cache by run folder, with the state of the source. */
const cache = new Map<string, { state: string; info: Partial<CurvesInfo> }>();

/** Returns the description of a run with the values of its current curves; unchanged if it has none or they are unreadable. */
export async function withCurves(
  folder: string,
  info: RunInfo | undefined,
): Promise<RunInfo | undefined> {
  const files = new RunFolder(folder);
  // Check the kind first: there may be hundreds of other runs on a slow disk.
  if (info?.kind !== 'imported') return info;
  try {
    const file = await readCurvesFile(files);
    if (!file) return info;
    const scalars = openScalars(file);
    const known = cache.get(folder);
    const state = await scalars.fingerprint();
    if (known?.state === state) return { ...info, ...known.info };
    await scalars.read();
    const found = infoFromCurves(new TrainingCurves(scalars.series, file.curves));
    cache.set(folder, { state, info: found });
    return { ...info, ...found };
  } catch (error) {
    // Use the values of the import; the dashboard reports the error.
    if (error instanceof UserError || errnoOf(error) !== undefined) return info;
    throw error;
  }
}

/** Derives the fields of `run.json` from curves. */
export function infoFromCurves(curves: TrainingCurves): Partial<CurvesInfo> {
  const { steps, times, length } = curves.rows;
  const evaluations = curves.evaluations();
  const ends = curves.epochEnds();
  const step = Math.max(steps[length - 1] ?? 0, evaluations.at(-1)?.step ?? 0);
  let best: BestResult | null = null;
  for (const { split, step: at, epoch, accuracy, consistency } of evaluations)
    if (split === 'val' && accuracy !== null && accuracy > (best?.accuracy ?? 0))
      best = {
        epoch,
        step: at,
        accuracy,
        consistency,
        testAccuracy: curves.scaledValue('accuracy/test', at),
      };
  const known = [...times, ...evaluations.map(({ time }) => time)].filter(Number.isFinite);
  const dates = timeRange(known);
  return {
    step,
    epoch: Math.max(0, ends.length - 1),
    maxEpoch: ends.length,
    // The dashboard computes the steps of an epoch from `totalSteps` and `maxEpoch`.
    totalSteps: Math.max(step, ends.at(-1) ?? 0),
    best,
    ...dates,
  };
}

function timeRange(known: readonly number[]): Partial<CurvesInfo> {
  if (known.length === 0) return {};
  const [first, last] = known.reduce(
    ([low, high], time) => [Math.min(low, time), Math.max(high, time)],
    [Infinity, -Infinity],
  );
  if (Math.abs(first) > 8.64e12 || Math.abs(last) > 8.64e12) return {};
  const [started, ended] = [first, last].map((time) => new Date(time * 1000).toISOString());
  return { started, ended, heartbeat: ended };
}
