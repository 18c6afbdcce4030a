import { phrase, type Words } from '../util/phrase';

/** Notes on a run's health that a person watching it would want to be told, each at most once. */
export interface HealthNote {
  level: 'warning' | 'error';
  code: string;
  message: Words;
  hint: Words;
}

/** Accuracy within this distance of the majority share counts as chance. */
const CHANCE_MARGIN = 0.02;
const CHANCE_EPOCHS = 3;
const SLOW_LOADER_SHARE = 0.2;

export class HealthMonitor {
  private atChance = 0;
  private readonly said = new Set<string>();

  constructor(
    private readonly run: {
      pretrained: boolean;
      missingKeys: number;
      numWorkers: number;
      majorityShare: number;
    },
  ) {}

  /** @param accuracy validation accuracy, 0..1 */
  afterEvaluation(accuracy: number | null): HealthNote[] {
    if (accuracy === null) return [];
    this.atChance = accuracy <= this.run.majorityShare + CHANCE_MARGIN ? this.atChance + 1 : 0;
    if (this.atChance < CHANCE_EPOCHS) return [];
    const { pretrained, missingKeys } = this.run;
    return this.once({
      level: 'warning',
      code: 'accuracy-at-chance',
      message: phrase(
        'Validation accuracy has stayed at chance for {0} evaluations.',
        CHANCE_EPOCHS,
      ),
      hint: pretrained
        ? missingKeys > 0
          ? phrase(
              '{0} keys of the model were not in the pretrained checkpoint: see the note about missing keys.',
              missingKeys,
            )
          : phrase('Check the labels and the learning rate.')
        : phrase('The model starts from random weights: is `pretrained` meant to be set?'),
    });
  }

  /** @param waitShare share of the epoch's time spent waiting for the loader, 0..1 */
  afterEpoch(waitShare: number): HealthNote[] {
    if (waitShare < SLOW_LOADER_SHARE) return [];
    return this.once({
      level: 'warning',
      code: 'slow-loader',
      message: phrase('Training waited for images {0}% of the time.', Math.round(waitShare * 100)),
      hint: phrase('Raise num_workers (now {0}), or set cache_images.', this.run.numWorkers),
    });
  }

  private once(note: HealthNote): HealthNote[] {
    if (this.said.has(note.code)) return [];
    this.said.add(note.code);
    return [note];
  }
}
