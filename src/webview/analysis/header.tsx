import { PredictionsHeader } from '../shared/frame';
import { Icon } from '../shared/icons';
import { count, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Model } from './model';

/** Header: run, split, epoch, and accuracy. */
export function Header({ model }: { model: Model }) {
  const { numbers, set, sets, newer, run } = model;
  return (
    <PredictionsHeader
      title={
        <span class="number">
          {numbers
            ? t('{0} of {1} correct', percent(numbers.accuracy), count(numbers.n))
            : t('Analysis')}
        </span>
      }
      sets={sets}
      chosen={set}
      newer={newer}
      onOpen={(next) => model.open(next)}
      run={run}
    >
      <button
        class="quiet"
        title={t('The same numbers as a document')}
        onClick={() => model.send({ type: 'openAsText' })}
      >
        <Icon name="table" />
        {t('Open as Text')}
      </button>
    </PredictionsHeader>
  );
}
