import { Icon } from '../shared/icons';
import { count, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import type { PredictionSet } from './messages';
import type { Model } from './model';
import { epochText, setText } from './words';

/** What is analysed: run, split, epoch, and how good it is. */
export function Header({ model }: { model: Model }) {
  const { numbers, set, sets, newer, run } = model;
  const splits = [...new Set(sets.map(({ split }) => split))];
  const ofSplit = sets.filter(({ split }) => split === set?.split);
  const open = (split: PredictionSet['split'], epoch: number | null | undefined): void => {
    const candidates = sets.filter((each) => each.split === split);
    const next = candidates.find((each) => each.epoch === epoch) ?? candidates.at(-1);
    if (next) model.open(next);
  };
  return (
    <header class="header">
      <h1>
        <span class="number">
          {numbers
            ? t('{0} of {1} correct', percent(numbers.accuracy), count(numbers.n))
            : t('Analysis')}
        </span>
      </h1>
      <label>
        <span class="visually-hidden">{t('Split')}</span>
        <select
          name="split"
          value={set?.split}
          onChange={(event) =>
            open(event.currentTarget.value as PredictionSet['split'], set?.epoch)
          }
        >
          {splits.map((split) => (
            <option key={split} value={split}>
              {split}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="visually-hidden">{t('Epoch')}</span>
        <select
          name="epoch"
          value={String(set?.epoch ?? '')}
          onChange={(event) => {
            const { value } = event.currentTarget;
            if (set) open(set.split, value === '' ? null : Number(value));
          }}
        >
          {ofSplit.map(({ epoch }) => (
            <option key={String(epoch)} value={String(epoch ?? '')}>
              {epochText(epoch)}
            </option>
          ))}
        </select>
      </label>
      {newer && (
        <button class="newer" onClick={() => model.open(newer)}>
          {t('Show {0}', setText(newer))}
        </button>
      )}
      <span class="run-name muted" title={run?.runFolder}>
        {run?.runName}
      </span>
      <button
        class="quiet"
        title={t('The same numbers as a document')}
        onClick={() => model.send({ type: 'openAsText' })}
      >
        <Icon name="table" />
        {t('Open as Text')}
      </button>
    </header>
  );
}
