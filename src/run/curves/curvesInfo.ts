/** What `run.json` of an imported run cannot say, as the file that its curves are read from may have grown. */
import type { BestResult, RunInfo } from '../runInfo';
import { RunFolder } from '../runFolder';
import { openScalars, readCurvesFile } from './curvesFile';
import { TrainingCurves } from './trainingCurves';
import { errnoOf, UserError } from '../../util/userError';

type CurvesInfo = Pick<
  RunInfo,
  'epoch' | 'maxEpoch' | 'step' | 'totalSteps' | 'best' | 'started' | 'ended' | 'heartbeat'
>;

/** By run folder, with the state of the source that it is of. */
const seen = new Map<string, { state: string; info: Partial<CurvesInfo> }>();

/** The description of a run as its curves are now; as it is, where it has none or they cannot be read. */
export async function withCurves(
  folder: string,
  info: RunInfo | undefined,
): Promise<RunInfo | undefined> {
  const files = new RunFolder(folder);
  // Only such runs are looked at further: there may be hundreds of others, on a slow disk.
  if (info?.kind !== 'imported') return info;
  try {
    const file = await readCurvesFile(files);
    if (!file) return info;
    const scalars = openScalars(file);
    const known = seen.get(folder);
    const state = await scalars.look();
    if (known?.state === state) return { ...info, ...known.info };
    await scalars.read();
    const found = infoOf(new TrainingCurves(scalars.series, file.curves));
    seen.set(folder, { state, info: found });
    return { ...info, ...found };
  } catch (error) {
    // What it was when it was imported; the dashboard says what is wrong.
    if (error instanceof UserError || errnoOf(error) !== undefined) return info;
    throw error;
  }
}

/** What curves say of their run. */
export function infoOf(curves: TrainingCurves): Partial<CurvesInfo> {
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
        testAccuracy: curves.at('accuracy/test', at),
      };
  const known = [...times, ...evaluations.map(({ time }) => time)].filter(Number.isFinite);
  const dates = timesOf(known);
  return {
    step,
    epoch: Math.max(0, ends.length - 1),
    maxEpoch: ends.length,
    // The dashboard takes the length of an epoch from these two.
    totalSteps: Math.max(step, ends.at(-1) ?? 0),
    best,
    ...dates,
  };
}

function timesOf(known: readonly number[]): Partial<CurvesInfo> {
  if (known.length === 0) return {};
  const [first, last] = known.reduce(
    ([low, high], time) => [Math.min(low, time), Math.max(high, time)],
    [Infinity, -Infinity],
  );
  if (Math.abs(first) > 8.64e12 || Math.abs(last) > 8.64e12) return {};
  const [started, ended] = [first, last].map((time) => new Date(time * 1000).toISOString());
  return { started, ended, heartbeat: ended };
}
