import { count } from '../shared/numbers';
import { t } from '../shared/translate';
import { shownName } from './columns';
import type { Model } from './model';

/** Footer: number of runs, and actions on the selected or current runs. */
export function Footer({ model }: { model: Model }) {
  const { targets, trusted } = model;
  const [first] = targets;
  const selected = targets.filter(({ key }) => model.selected.has(key)).length;
  const single = targets.length === 1;
  const none = targets.length === 0;
  const evaluable = targets.filter(({ can }) => can.evaluate);
  const deletable = targets.filter(({ can }) => can.delete);
  return (
    <div class="footer">
      <span class="counts number" role="status">
        {countsText(model)}
        {selected > 0
          ? ` · ${t('{0} selected', count(selected))}`
          : first
            ? ` · ${shownName(first)}`
            : ''}
      </span>
      <div class="actions" role="toolbar" aria-label={t('Actions')}>
        <button class="primary" disabled={none} onClick={() => model.act('open', targets)}>
          {targets.length > 1 ? t('Compare {0} Runs', count(targets.length)) : t('Open Dashboard')}
        </button>
        <button disabled={!single} onClick={() => model.act('failedExamples', targets)}>
          {t('Failed Examples')}
        </button>
        <button
          disabled={targets.length !== 2}
          onClick={() => model.act('comparePredictions', targets)}
        >
          {t('Compare Predictions')}
        </button>
        <button
          disabled={!trusted || evaluable.length === 0}
          onClick={() => model.act('evaluate', evaluable)}
        >
          {t('Evaluate…')}
        </button>
        <button
          disabled={!single}
          onClick={() => first && model.open({ kind: 'newRun', key: first.key })}
        >
          {t('New Run from This One…')}
        </button>
        <button disabled={none} onClick={() => model.star(targets)}>
          {targets.length > 0 && targets.every(({ starred }) => starred)
            ? t('Remove Star')
            : t('Star')}
        </button>
        <button
          disabled={none}
          onClick={() => model.open({ kind: 'edit', keys: targets.map(({ key }) => key) })}
        >
          {t('Edit…')}
        </button>
        <button disabled={none} onClick={() => model.archive(targets)}>
          {targets.length > 0 && targets.every(({ archived }) => archived)
            ? t('Unarchive')
            : t('Archive')}
        </button>
        <button disabled={deletable.length === 0} onClick={() => model.act('delete', deletable)}>
          {t('Delete…')}
        </button>
      </div>
    </div>
  );
}

function countsText(model: Model): string {
  const all = model.count === 1 ? t('1 run') : t('{0} runs', count(model.count));
  const shown = model.shown.length;
  return shown === model.count ? all : `${all} · ${t('{0} shown', count(shown))}`;
}
