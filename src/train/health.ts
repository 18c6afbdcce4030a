import type { RunRecord } from '../run/record/runRecord';
import { localize, type MessageText } from '../util/localize';

/** A note on a run's health that a person watching it would want to read. */
export interface HealthNote {
  level: 'warning' | 'error';
  code: string;
  message: MessageText;
  /** Left out where nothing that the person could do would help. */
  hint?: MessageText;
}

/** Accuracy within this distance of the majority share counts as chance. */
const CHANCE_MARGIN = 0.02;
const CHANCE_EPOCHS = 3;
const AT_CHANCE = 'accuracy-at-chance';
const SLOW_LOADER_SHARE = 0.2;
/** Within an epoch waiting is over when the share of so many steps and milliseconds is half of that. */
const FAST_LOADER_STEPS = 20;
const FAST_LOADER_MS = 10_000;
/** A rank counts as slow when its part of a step takes this many times the median of all ranks … */
const SLOW_RANK_FACTOR = 1.5;
/** Below this it no longer does. */
const EQUAL_RANK_FACTOR = 1.2;
/** … in the mean of this many steps in a row. */
const SLOW_RANK_STEPS = 20;

/** How long an epoch has taken, and how long it waited for batches: in all, and for the first, which is no sign. */
export interface Loading {
  milliseconds: number;
  waited: number;
  waitedFirst: number;
}

/** Writes what was found, and what was resolved. */
export function writeHealth(
  writer: Pick<RunRecord, 'note' | 'event'>,
  health: HealthMonitor,
  notes: readonly HealthNote[] = [],
): void {
  for (const note of notes) writer.note(note.level, note.code, note.message, note.hint);
  for (const code of health.takeResolved()) writer.event({ type: 'resolved', code });
}

/** Says each thing once, and again where it is so again. */
export class HealthMonitor {
  private atChance = 0;
  /** Of the latest steps, at most `SLOW_RANK_STEPS`: each rank's seconds. */
  private rankSteps: (readonly number[])[] = [];
  private readonly said = new Set<string>();
  /** By an earlier attempt. */
  private readonly mayBeSaid = new Set<string>();
  /** Codes of resolved notes that were not reported yet. */
  private over: string[];

  constructor(
    private readonly run: {
      /** Whether the run began with weights, this attempt or an earlier one. */
      pretrained: boolean;
      /** Parameters that the pretrained weights should have had and did not. */
      missingKeys: number;
      numWorkers: number;
      /** Processors of this machine. */
      processors: number;
      /** Whether decoded images are kept on disk, or each is read only once. */
      imagesKept: boolean;
      majorityShare: number;
      /** Names of the ranks' machines, by rank; missing where there is one process. */
      hosts?: readonly string[];
      /** Whether an earlier attempt may have written a note that is now resolved. */
      resumed?: boolean;
    },
  ) {
    // These are measured again.
    this.over = run.resumed === true ? ['slow-loader', 'slow-rank'] : [];
    if (run.resumed === true) this.mayBeSaid.add(AT_CHANCE);
  }

  /** Codes of notes that are resolved, each time. */
  takeResolved(): string[] {
    const codes = this.over;
    this.over = [];
    return codes;
  }

  /**
   * One rank that is persistently slower than the others makes all of them wait.
   * @param seconds that each rank took for its own part of a step, waiting for others left out
   */
  afterStep(seconds: readonly number[]): HealthNote[] {
    if (seconds.length < 2) return [];
    this.rankSteps.push(seconds);
    if (this.rankSteps.length < SLOW_RANK_STEPS) return [];
    this.rankSteps = this.rankSteps.slice(-SLOW_RANK_STEPS);
    const means = seconds.map(
      (_, rank) => this.rankSteps.reduce((sum, step) => sum + step[rank], 0) / SLOW_RANK_STEPS,
    );
    const slowest = means.indexOf(Math.max(...means));
    const usual = median(means);
    if (means[slowest] <= EQUAL_RANK_FACTOR * usual) this.resolve('slow-rank');
    if (!(means[slowest] > SLOW_RANK_FACTOR * usual)) return [];
    // One long pause is not persistent: most of the steps are slow.
    const slow = this.rankSteps.filter((step) => step[slowest] > SLOW_RANK_FACTOR * median(step));
    if (slow.length <= SLOW_RANK_STEPS / 2) return [];
    return this.once({
      level: 'warning',
      code: 'slow-rank',
      message: localize(
        'Rank {0} on {1} takes {2} times as long for a step as the other ranks, which wait for it.',
        slowest,
        this.run.hosts?.[slowest] ?? '?',
        (means[slowest] / usual).toFixed(1),
      ),
      hint: localize('Check that machine for other programs, a slower device, or slow storage.'),
    });
  }

  /** @param accuracy validation accuracy, 0..1 */
  afterEvaluation(accuracy: number | null): HealthNote[] {
    if (accuracy === null) return [];
    this.atChance = accuracy <= this.run.majorityShare + CHANCE_MARGIN ? this.atChance + 1 : 0;
    if (this.atChance === 0) this.resolve(AT_CHANCE);
    if (this.atChance < CHANCE_EPOCHS) return [];
    const { pretrained, missingKeys } = this.run;
    return this.once({
      level: 'warning',
      code: AT_CHANCE,
      message: localize(
        'Validation accuracy has been at chance level for {0} evaluations.',
        CHANCE_EPOCHS,
      ),
      hint: pretrained
        ? missingKeys > 0
          ? localize(
              '{0} parameters of the model were not in the pretrained checkpoint, which should have them: see the note about it.',
              missingKeys,
            )
          : localize('Check the labels and the learning rate.')
        : localize('The model starts from random weights. Did you intend to set `pretrained`?'),
    });
  }

  /**
   * Waiting that is over is noticed before the epoch is.
   * @param steps of the epoch in this attempt
   */
  duringEpoch(loading: Loading, steps: number): void {
    if (steps < FAST_LOADER_STEPS || loading.milliseconds < FAST_LOADER_MS) return;
    if (waitingShare(loading) < SLOW_LOADER_SHARE / 2) this.resolve('slow-loader');
  }

  afterEpoch(loading: Loading): HealthNote[] {
    const share = waitingShare(loading);
    if (share < SLOW_LOADER_SHARE) {
      this.resolve('slow-loader');
      return [];
    }
    const hint = this.loaderHint();
    return this.once({
      level: 'warning',
      code: 'slow-loader',
      message: localize('Training waited for images {0}% of the time.', Math.round(share * 100)),
      ...(hint && { hint }),
    });
  }

  private loaderHint(): MessageText | undefined {
    const { numWorkers, processors, imagesKept } = this.run;
    const more = numWorkers < processors;
    if (more && !imagesKept)
      return localize('Raise num_workers (now {0}), or set cache_images.', numWorkers);
    if (more) return localize('Raise num_workers (now {0}).', numWorkers);
    return imagesKept ? undefined : localize('Set cache_images.');
  }

  private resolve(code: string): void {
    const said = this.said.delete(code);
    if (this.mayBeSaid.delete(code) || said) this.over.push(code);
  }

  private once(note: HealthNote): HealthNote[] {
    if (this.said.has(note.code)) return [];
    this.said.add(note.code);
    return [note];
  }
}

function waitingShare({ milliseconds, waited, waitedFirst }: Loading): number {
  return (waited - waitedFirst) / Math.max(1, milliseconds - waitedFirst);
}

/** The lower one of the two in the middle, so that of two ranks the faster one is the measure. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}
