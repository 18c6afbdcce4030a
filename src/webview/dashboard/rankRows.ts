import { t } from '../shared/translate';
import type { Rank } from './messages';
import type { RunData } from './runData';
import { isActive, statusDisplay } from './viewModel';

export interface RankRow extends Rank {
  /** Localized state. */
  stateText: string;
  /** Seconds for its own part of the last step; null if unknown. */
  seconds: number | null;
}

/** Returns the table of ranks. All ranks run and end together: a failed rank ends the others. */
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
