import type { StartEvent } from '../../run/events';
import { trainedSeconds, wallSeconds } from '../../run/record/trainedTime';
import type { MessageValue } from '../../util/localize';
import type { Rank, RunHeader } from '../../webview/dashboard/messages';
import { canEvaluate, canTrainLonger, isResumable, isTakeable } from '../runs/runActions';
import { isStoppable, type Run } from '../runs/runRegistry';

/** Creates the header of a run for the dashboard. @param start the run's latest start event, once it is read. */
export function headerOf(run: Run, start: StartEvent | undefined): Omit<RunHeader, 'color'> {
  const { folder, info, status, message, hint } = run;
  const maxEpoch = info.maxEpoch || (start?.maxEpoch ?? 0);
  const totalSteps = info.totalSteps || (start?.totalSteps ?? 0);
  return {
    key: folder,
    name: info.name,
    // An unreadable run is shown as failed: all that is known is the message.
    status: status === 'unreadable' ? 'failed' : status,
    message,
    hint,
    ...(run.notice && { notice: true }),
    ...(isResumable(run) && { offer: 'resume' as const }),
    ...(canTrainLonger(run) && { offer: 'trainLonger' as const }),
    ...(isTakeable(run) && { takeable: true }),
    ...(canEvaluate(run) && { evaluable: true }),
    ...(isStoppable(run) && { stoppable: true }),
    kind: info.kind,
    configuration: info.configFile === '' ? null : info.configFile,
    epoch: info.epoch,
    maxEpoch,
    step: info.step,
    totalSteps,
    stepsPerEpoch:
      start?.stepsPerEpoch ?? (maxEpoch > 0 && totalSteps > 0 ? totalSteps / maxEpoch : 1),
    trainedSeconds: status === 'unreadable' ? null : trainedSeconds(info),
    wallSeconds: wallSeconds(info),
    device: info.device ?? start?.device ?? null,
    precision: info.precision ?? start?.precision ?? null,
    parameters: start?.parameters ?? null,
    examples: start?.examples ?? {},
    best: info.best && {
      epoch: info.best.epoch,
      step: info.best.step,
      accuracy: info.best.accuracy,
      consistency: info.best.consistency,
    },
    ...ranksOf(run),
  };
}

function ranksOf({ info, status }: Run): { ranks?: Rank[] } {
  if (!info.ranks || info.ranks.length < 2) return {};
  const failed = status === 'failed' ? namedRank(info.phrase) : undefined;
  return {
    ranks: info.ranks.map(({ rank, host, pid, localRank }) => ({
      rank,
      host,
      pid,
      localRank,
      ...(rank === failed && { failed: true }),
    })),
  };
}

/** The rank named in a message of the trainer: `Rank {0} (process {1} on {2})` or `Rank {0} on {1} failed: {2}`. */
function namedRank(message: MessageValue | undefined): number | undefined {
  if (typeof message !== 'object') return undefined;
  if (!('text' in message)) return undefined;
  const [first] = message.values ?? [];
  if (/^Rank \{0\} (\(process|on \{1\} failed)/.test(message.text) && typeof first === 'number')
    return first;
  for (const value of message.values ?? []) {
    const found = namedRank(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
