import { t } from '../shared/translate';
import type { Rank } from './messages';
import type { RunData } from './runData';
import { isActive, statusDisplay } from './viewModel';

export interface RankRow extends Rank {
  /** In words. */
  stateText: string;
  /** For its own part of the last step; null when not known. */
  seconds: number | null;
}

/** The table of ranks. All of them run or end together: one that failed took the others with it. */
export function rankRows(run: RunData, ranks: readonly Rank[]): RankRow[] {
  const { status } = run.header;
  const someFailed = ranks.some(({ failed }) => failed);
  return ranks.map((rank) => ({
    ...rank,
    stateText:
      isActive(status) || status === 'lost'
        ? statusDisplay(status).word
        : rank.failed
          ? t('failed')
          : someFailed || status === 'failed'
            ? t('ended')
            : statusDisplay(status).word,
    seconds: run.lastRankSeconds(rank.rank),
  }));
}
