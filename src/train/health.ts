import type { RunRecord } from '../run/record/runRecord';
import { localize, type MessageText } from '../util/localize';

/** A note about a problem that users of a run are shown. */
export interface HealthNote {
  level: 'warning' | 'error';
  code: string;
  message: MessageText;
  /** Missing if the user cannot do anything about it. */
  hint?: MessageText;
}

/** Accuracy within this distance of the majority share counts as chance. */
const CHANCE_MARGIN = 0.02;
const CHANCE_EPOCHS = 3;
const AT_CHANCE = 'accuracy-at-chance';
const SLOW_LOADER_SHARE = 0.2;
/** Within an epoch, `slow-loader` is resolved when, after this many steps and milliseconds, the share is half of that. */
const FAST_LOADER_STEPS = 20;
const FAST_LOADER_MS = 10_000;
/** A rank is slow when its part of a step takes this many times the median of all ranks … */
const SLOW_RANK_FACTOR = 1.5;
/** `slow-rank` is resolved below this factor. */
const EQUAL_RANK_FACTOR = 1.2;
/** … in the mean of this many steps in a row. */
const SLOW_RANK_STEPS = 20;

/** Duration of an epoch and time spent waiting for batches, in milliseconds: for all, and for the first, which always waits. */
export interface Loading {
  milliseconds: number;
  waited: number;
  waitedFirst: number;
}

/** Writes notes and the codes of resolved notes. */
export function writeHealth(
  writer: Pick<RunRecord, 'note' | 'event'>,
  health: HealthMonitor,
  notes: readonly HealthNote[] = [],
): void {
  for (const note of notes) writer.note(note.level, note.code, note.message, note.hint);
  for (const code of health.takeResolved()) writer.event({ type: 'resolved', code });
}

/** Watches a run for problems. Each is reported once, and again if it occurs again after it was resolved. */
export class HealthMonitor {
  private atChance = 0;
  /** Seconds of each rank in the latest steps, at most `SLOW_RANK_STEPS`. */
  private rankSteps: (readonly number[])[] = [];
  private readonly reported = new Set<string>();
  /** Codes that an earlier attempt may have reported. */
  private readonly mayHaveReported = new Set<string>();
  /** Codes of resolved notes that were not reported yet. */
  private resolved: string[];

  constructor(
    private readonly run: {
      /** Whether the run started from pretrained weights. */
      pretrained: boolean;
      /** Number of parameters that are unexpectedly missing in the pretrained weights. */
      missingKeys: number;
      numWorkers: number;
      /** Processors of this machine. */
      processors: number;
      /** Whether decoded images are cached on disk, or each image is read only once. */
      imagesKept: boolean;
      majorityShare: number;
      /** Host names by rank; missing if there is one process. */
      hosts?: readonly string[];
      /** Whether an earlier attempt may have written a note that is now resolved. */
      resumed?: boolean;
    },
  ) {
    // Resolved until they are measured again.
    this.resolved = run.resumed === true ? ['slow-loader', 'slow-rank'] : [];
    if (run.resumed === true) this.mayHaveReported.add(AT_CHANCE);
  }

  /** Returns the codes of resolved notes, each only once. */
  takeResolved(): string[] {
    const codes = this.resolved;
    this.resolved = [];
    return codes;
  }

  /**
   * Checks for a rank that is persistently slower than the others, which makes all of them wait.
   * @param seconds of each rank for its own part of a step, without waiting for other ranks
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
    // A single long pause is not persistent: most of the steps must be slow.
    const slow = this.rankSteps.filter((step) => step[slowest] > SLOW_RANK_FACTOR * median(step));
    if (slow.length <= SLOW_RANK_STEPS / 2) return [];
    return this.reportOnce({
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
    return this.reportOnce({
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
   * Resolves `slow-loader` before the end of the epoch.
   * @param steps steps of the epoch in this attempt
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
    return this.reportOnce({
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
    const wasReported = this.reported.delete(code);
    if (this.mayHaveReported.delete(code) || wasReported) this.resolved.push(code);
  }

  private reportOnce(note: HealthNote): HealthNote[] {
    if (this.reported.has(note.code)) return [];
    this.reported.add(note.code);
    return [note];
  }
}

function waitingShare({ milliseconds, waited, waitedFirst }: Loading): number {
  return (waited - waitedFirst) / Math.max(1, milliseconds - waitedFirst);
}

/** The lower median, so that with two ranks the faster one is the reference. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}
