import { relative, resolve, sep } from 'node:path';
import type { MissingPart } from '../config/modelParts';
import { isUrl } from '../config/paths';
import { locateWeights } from '../model/loadWeights';
import { EventReader, type EventBatch } from '../run/eventReader';
import { EventWriter } from '../run/eventWriter';
import type { Split } from '../run/events';
import type { RunFolder } from '../run/runFolder';
import type { RunInfo } from '../run/runInfo';
import { acquireLock } from '../run/runLock';
import { weightsNotes, type EvaluatedWeights, type EvaluationOutput } from './evaluationTypes';
import { adviceFrom } from '../util/phrase';
import type { Metrics } from '../analysis/metrics';

/**
 * An evaluation in the folder of something else. It leaves `run.json` as it is; what it found of a run's own
 * checkpoint becomes an event of the run, which is how its dashboard learns of it. Results of other weights would pass
 * for the run's own there, and are only in the files.
 */
export class EvaluationGuest implements EvaluationOutput {
  private incomplete: MissingPart[] = [];

  private constructor(
    readonly folder: RunFolder,
    private readonly events: EventWriter | undefined,
    /** Optimizer steps after which the checkpoint was saved. */
    private readonly step: number,
    private readonly release: () => void,
  ) {}

  /** @throws {UserError} when a run is being written to the folder. */
  static async open(
    folder: RunFolder,
    info: RunInfo | undefined,
    checkpoint: string,
  ): Promise<EvaluationGuest> {
    const release = acquireLock(folder);
    try {
      const own = info && !isUrl(checkpoint) && isWithin(folder.root, checkpoint);
      const step = own ? await stepOf(folder, await locateWeights(checkpoint), info.step) : 0;
      const events = own ? new EventWriter(folder.events) : undefined;
      return new EvaluationGuest(folder, events, step, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  begin(): void {
    // The run has begun long ago.
  }

  loaded(weights: EvaluatedWeights): void {
    this.incomplete = [...weights.incomplete];
    for (const { code, message } of weightsNotes(weights))
      this.events?.write({
        type: 'note',
        time: Date.now() / 1000,
        level: 'warning',
        code,
        ...adviceFrom(message),
        step: this.step,
      });
  }

  progress(): void {
    // And is not under way again.
  }

  result(split: Split, metrics: Metrics, seconds: number, predictions: string): void {
    this.events?.write({
      type: 'eval',
      time: Date.now() / 1000,
      split,
      epoch: null,
      step: this.step,
      ...metrics,
      ...(this.incomplete.length > 0 && { incomplete: this.incomplete }),
      seconds,
      predictions: relative(this.folder.root, predictions),
    });
  }

  close(): void {
    try {
      this.events?.close();
    } finally {
      this.release();
    }
  }
}

function isWithin(root: string, path: string): boolean {
  const place = relative(root, resolve(path));
  return place === '' || (place !== '..' && !place.startsWith(`..${sep}`));
}

/** When a checkpoint of a run was saved last, by the run's own events. */
async function stepOf(folder: RunFolder, file: string, otherwise: number): Promise<number> {
  const name = relative(folder.root, resolve(file));
  let step = otherwise;
  const look = ({ events }: EventBatch): void => {
    for (const { event } of events)
      if (event.type === 'checkpoint' && (name === event.path || name.startsWith(event.path + sep)))
        step = event.step;
  };
  look(await new EventReader(folder.events).read(look));
  return step;
}
