import { SelectField } from '../shared/frame';
import { Icon } from '../shared/icons';
import { announce } from '../shared/liveRegion';
import { t } from '../shared/translate';
import type { Choice as Chosen, ComparableRun, Side, Split, WantedEpoch } from './messages';
import type { Model } from './model';
import { wantedEpochText } from './texts';

/** Header: choice of the compared predictions, and actions. */
export function Header({ model }: { model: Model }) {
  const { runs, complete } = model;
  if (!runs) return null;
  const { a, b, choice } = runs;
  const splits = (['val', 'test', 'train'] as const).filter((split) =>
    [...a.sets, ...b.sets].some((set) => set.split === split),
  );
  const save = async (): Promise<void> => {
    const file = await model.export();
    if (file === null) return;
    const message = t('Written to {0}.', file);
    model.showInfo(message);
    announce(message);
  };
  const copy = async (): Promise<void> => {
    if (await model.copyJson()) announce(t('Copied as JSON.'));
  };
  return (
    <header class="header">
      <h1 class="visually-hidden">{t('Compare: {0} vs {1}', a.name, b.name)}</h1>
      <Run side="a" run={a} choice={choice} model={model} />
      <button
        class="quiet icon-only"
        aria-label={t('Swap A and B')}
        title={t('Swap A and B')}
        onClick={() => model.swapRuns()}
      >
        <Icon name="swap" />
      </button>
      <Run side="b" run={b} choice={choice} model={model} />
      {splits.length > 0 && (
        <SelectField
          name="split"
          label={t('Split')}
          value={choice.split}
          options={splits.map((split) => [split, split])}
          onChange={(split) =>
            model.choose({ split: split as Split, epochA: 'last', epochB: 'last' })
          }
        />
      )}
      <span class="header-actions">
        <button
          class="quiet"
          disabled={!complete}
          title={t('Copy the comparison as nlvr compare --json prints it')}
          onClick={() => void copy()}
        >
          <Icon name="copy" />
          {t('Copy JSON')}
        </button>
        <button class="quiet" disabled={!complete} onClick={() => void save()}>
          <Icon name="save" />
          {t('Export…')}
        </button>
      </span>
    </header>
  );
}

interface RunProps {
  side: Side;
  run: ComparableRun;
  choice: Chosen;
  model: Model;
}

/** One of the two runs with its epoch. */
function Run({ side, run, choice, model }: RunProps) {
  const wanted = side === 'a' ? choice.epochA : choice.epochB;
  const epochs = epochsOf(run, choice.split);
  // A missing epoch stays selected; the comparison reports it.
  const offered = epochs.includes(wanted) ? epochs : [wanted, ...epochs];
  const letter = side.toUpperCase();
  return (
    <span class="run" title={run.folder}>
      <span class="side">{letter}</span>
      <span class="run-name">{run.name}</span>
      <SelectField
        name={side === 'a' ? 'epochA' : 'epochB'}
        label={t('Epoch of {0}', letter)}
        value={String(wanted)}
        options={offered.map((each) => [String(each), wantedEpochText(each)])}
        onChange={(value) => {
          const epoch = parseWantedEpoch(value);
          model.choose(side === 'a' ? { epochA: epoch } : { epochB: epoch });
        }}
      />
    </span>
  );
}

/** Returns the epochs to choose from: the newest, the best if it has predictions, and every single one. */
function epochsOf({ sets, bestEpoch }: ComparableRun, split: Split): WantedEpoch[] {
  const epochs = sets.flatMap((set) =>
    set.split === split && set.epoch !== null ? [set.epoch] : [],
  );
  const best = bestEpoch !== null && epochs.includes(bestEpoch);
  return ['last', ...(best ? (['best'] as const) : []), ...epochs];
}

function parseWantedEpoch(value: string): WantedEpoch {
  return value === 'last' || value === 'best' ? value : Number(value);
}
