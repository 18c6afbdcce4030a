import type { RunEvent, StartEvent, WatchedPair } from '../../run/events';
import { localizedAdvice } from '../../util/language';
import type { EpochPoint, EvalPoint, Note, RunHistory } from '../../webview/dashboard/messages';

type HistoryEvent = Exclude<RunEvent, { type: 'step' | 'checkpoint' }>;
interface Entry {
  step: number;
  /** Seconds of training since the run began. */
  time: number;
  event: HistoryEvent;
}

/** Maximum number of notes. Notes with the same code (a slow loader in every epoch) count once, at the last step. */
const MAX_NOTES = 50;

/** The events of a run except its steps: few, stored as received and summarized on request. */
export class HistoryLog {
  private entries: Entry[] = [];
  /** The watched pairs by identifier. Each epoch reports their sentences and images again, which are stored once. */
  private readonly pairs = new Map<string, WatchedPair>();

  /** @param step the step of the run at the event */
  push(event: RunEvent, step: number, time: number): void {
    if (event.type === 'step' || event.type === 'checkpoint') return;
    // Only the newest progress matters, until the result; an evaluation reports it twice a second.
    const isReported = event.type === 'evalProgress' || event.type === 'eval';
    if (isReported && this.entries.at(-1)?.event.type === 'evalProgress') this.entries.pop();
    const stored =
      event.type === 'watch'
        ? { ...event, pairs: event.pairs.map((pair) => this.withSharedTexts(pair)) }
        : event;
    this.entries.push({ step, time, event: stored });
  }

  private withSharedTexts(pair: WatchedPair): WatchedPair {
    const known = this.pairs.get(pair.identifier);
    const same =
      known?.sentence === pair.sentence &&
      known.images.every((image, i) => image === pair.images[i]);
    if (!same) {
      this.pairs.set(pair.identifier, pair);
      return pair;
    }
    const { identifier, sentence, images } = known;
    return { ...pair, identifier, sentence, images };
  }

  /** Removes the events after `step`, which a resume has invalidated. */
  truncate(step: number): void {
    this.entries = this.entries.filter((entry) => entry.step <= step);
  }

  clear(): void {
    this.entries = [];
    this.pairs.clear();
  }

  /** The latest start of the run. */
  get start(): StartEvent | undefined {
    const found = this.entries.findLast((entry) => entry.event.type === 'start');
    return found?.event.type === 'start' ? found.event : undefined;
  }

  /** Summarizes the events. @param lastStep the newest known step; an evaluation at an earlier step has ended */
  summarize(lastStep: number, skippedLines: number): RunHistory {
    const history: RunHistory = {
      evals: [],
      epochs: [],
      notes: [],
      watched: [],
      marks: [],
      evaluating: null,
      skippedLines,
    };
    const notes = new Map<string, Note>();
    const watched = new Map<string, { pair: WatchedPair; byEpoch: Map<number, number> }>();
    const epochs = new Set<number>();
    for (const { step, time, event } of this.entries) {
      switch (event.type) {
        case 'start':
          history.evaluating = null;
          if (event.resumed) history.marks.push({ kind: 'resume', step: event.step });
          break;
        case 'end':
          history.evaluating = null;
          break;
        case 'resolved':
          notes.delete(event.code);
          break;
        case 'eval':
          history.evaluating = null;
          addEvaluation(history.evals, evalPoint(event, time));
          break;
        case 'epoch':
          addEpoch(
            history.epochs,
            {
              epoch: event.epoch,
              step: event.step,
              time,
              loss: finite(event.loss),
              accuracy: finite(event.accuracy),
              seconds: finite(event.seconds) ?? 0,
            },
            epochs.has(event.epoch),
          );
          epochs.add(event.epoch);
          break;
        case 'evalProgress':
          history.evaluating =
            lastStep > step
              ? null
              : { split: event.split, epoch: event.epoch, done: event.done, total: event.total };
          break;
        case 'note': {
          const { message, hint } = localizedAdvice(event);
          const note: Note = {
            level: event.level,
            code: event.code,
            message: message ?? '',
            step,
            ...(hint !== null && { hint }),
          };
          notes.delete(event.code);
          notes.set(event.code, note);
          break;
        }
        case 'watch':
          for (const pair of event.pairs) {
            const known = watched.get(pair.identifier) ?? { pair, byEpoch: new Map() };
            watched.set(pair.identifier, known);
            // After a resume, an epoch may be reported again; the later report replaces the earlier one.
            known.byEpoch.delete(event.epoch);
            known.byEpoch.set(event.epoch, pair.probTrue);
          }
          break;
      }
    }
    const { curriculum } = this.start ?? {};
    if (curriculum)
      history.marks.push({ kind: 'stage', step: curriculum.epochs * curriculum.stepsPerEpoch });
    history.notes = [...notes.values()].slice(-MAX_NOTES);
    history.watched = [...watched.values()].map(({ pair, byEpoch }) => {
      const { identifier, sentence, label, images } = pair;
      const probTrue = Array.from(byEpoch, ([epoch, value]) => ({ epoch, value }));
      return { identifier, sentence, label, images, probTrue };
    });
    return history;
  }
}

/**
 * Inserts an evaluation in the order of steps. It replaces an earlier one of the same split and step; a stand-alone
 * evaluation keeps the epoch of the one that it replaces.
 */
function addEvaluation(points: EvalPoint[], point: EvalPoint): void {
  const before = points.findLastIndex(({ step }) => step <= point.step);
  for (let at = before; at >= 0 && points[at].step === point.step; at--) {
    if (points[at].split !== point.split) continue;
    const { epoch, time } = points[at];
    points[at] = point.epoch === null ? { ...point, epoch, time } : point;
    return;
  }
  points.splice(before + 1, 0, point);
}

/** Inserts an epoch in the order of steps. @param again whether it replaces an earlier report of the same epoch */
function addEpoch(points: EpochPoint[], point: EpochPoint, again: boolean): void {
  if (again) {
    const earlier = points.findIndex(({ epoch }) => epoch === point.epoch);
    points.splice(earlier, 1);
  }
  const before = points.findLastIndex(({ step }) => step <= point.step);
  points.splice(before + 1, 0, point);
}

function evalPoint(event: Extract<RunEvent, { type: 'eval' }>, time: number): EvalPoint {
  return {
    split: event.split,
    epoch: event.epoch,
    step: event.step,
    time,
    accuracy: finite(event.accuracy),
    consistency: finite(event.consistency),
    loss: finite(event.loss),
    seconds: finite(event.seconds) ?? 0,
    examples: finite(event.examples) ?? 0,
  };
}

function finite(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
