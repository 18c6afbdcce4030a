import type { StartEvent } from '../../run/events';
import { trainedSeconds, wallSeconds } from '../../run/record/trainedTime';
import type { MessageValue } from '../../util/localize';
import type { Rank, RunHeader } from '../../webview/dashboard/messages';
import { canEvaluate, canTrainLonger, isResumable, isTakeable } from '../runs/resumable';
import { isStoppable, type Run } from '../runs/runRegistry';

/** What the dashboard says of a run at its top. @param start the run's latest start, once it is read. */
export function headerOf(run: Run, start: StartEvent | undefined): Omit<RunHeader, 'color'> {
  const { folder, info, status, message, hint } = run;
  const maxEpoch = info.maxEpoch || (start?.maxEpoch ?? 0);
  const totalSteps = info.totalSteps || (start?.totalSteps ?? 0);
  return {
    key: folder,
    name: info.name,
    // The dashboard shows why a run failed, which is all there is to show for an unreadable one.
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

/** The rank that a message of the trainer is about: `Rank {0} (process {1} on {2})` or `Rank {0} on {1} failed: {2}`. */
function namedRank(words: MessageValue | undefined): number | undefined {
  if (typeof words !== 'object') return undefined;
  if (!('text' in words)) return undefined;
  const [first] = words.values ?? [];
  if (/^Rank \{0\} (\(process|on \{1\} failed)/.test(words.text) && typeof first === 'number')
    return first;
  for (const value of words.values ?? []) {
    const found = namedRank(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
