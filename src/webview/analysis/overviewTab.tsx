import type { ComponentChildren } from 'preact';
import { Icon } from '../shared/icons';
import { count, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import type { Numbers, SliceNumbers } from './messages';
import type { Model } from './model';
import { intervalText } from './texts';

/** Overview tab: accuracy, slices that differ, and a summary of the other tabs. */
export function OverviewTab({ model, numbers }: { model: Model; numbers: Numbers }) {
  const { calibration, dynamics, labelNoise, contrast, notes } = numbers;
  return (
    <div class="overview scrolls" tabIndex={0} role="group" aria-label={t('Overview')}>
      <Headline numbers={numbers} complete={model.complete} />
      <Findings model={model} numbers={numbers} />
      <dl class="figures">
        <Figure
          title={t('Calibration')}
          action={() => model.setTab('calibration')}
          text={
            calibration
              ? t(
                  'Expected calibration error {0}, Brier score {1}, temperature {2}.',
                  percent(calibration.ece),
                  calibration.brier.toFixed(4),
                  calibration.temperature.toFixed(3),
                )
              : t('The predictions have no probabilities.')
          }
        />
        <Figure
          title={t('Over epochs')}
          action={() => model.setTab('epochs')}
          text={
            dynamics
              ? t(
                  'Over {0} epochs: {1} always right, {2} learned, {3} forgotten, {4} never learned.',
                  dynamics.epochs.length,
                  count(dynamics.alwaysRight),
                  count(dynamics.learned),
                  count(dynamics.forgotten),
                  count(dynamics.neverLearned),
                )
              : model.dynamics === undefined
                ? t('Computing…')
                : t('There are predictions of fewer than two epochs.')
          }
        />
        <Figure
          title={t('Label noise')}
          action={() => model.setTab('noise')}
          text={
            model.dynamics === undefined
              ? t('Computing…')
              : labelNoise.length === 1
                ? t('1 example may have a wrong label.')
                : t('{0} examples may have a wrong label.', count(labelNoise.length))
          }
        />
        {contrast && (
          <Figure
            title={t('Contrast sets')}
            text={t(
              '{0} sets with {1} examples: accuracy {2}, consistency {3}.',
              count(contrast.sets),
              count(contrast.examples),
              percent(contrast.accuracy),
              percent(contrast.consistency),
            )}
          >
            {contrast.withOriginals && (
              <p>
                {t(
                  'With the originals of {0} sets: original {1}, contrast {2}, all right {3}.',
                  count(contrast.withOriginals.sets),
                  percent(contrast.withOriginals.originalAccuracy),
                  percent(contrast.withOriginals.contrastAccuracy),
                  percent(contrast.withOriginals.consistency),
                )}
              </p>
            )}
          </Figure>
        )}
      </dl>
      {notes.length > 0 && (
        <ul class="remarks" aria-label={t('Notes')}>
          {notes.map((note) => (
            <li key={note}>
              <Icon name="info" />
              <span>{note}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Headline({ numbers, complete }: { numbers: Numbers; complete: boolean }) {
  const { n, examples, accuracy, ci95, consistency, groups, consistencyCi95 } = numbers;
  return (
    <section class="headline" aria-label={t('Accuracy and consistency')}>
      <p>
        <strong class="number large">{percent(accuracy)}</strong>{' '}
        {t('accuracy on {0} labeled examples, 95% interval {1}.', count(n), intervalText(ci95))}
        {examples > n && ` ${t('Without a label: {0}.', count(examples - n))}`}
      </p>
      {consistency === null ? (
        <p class="muted">
          {t('Consistency is not available, because the identifiers do not group examples.')}
        </p>
      ) : (
        <p>
          <strong class="number large">{percent(consistency)}</strong>{' '}
          {consistencyCi95
            ? t(
                'consistency over {0} sentences, 95% interval {1}.',
                count(groups),
                intervalText(consistencyCi95),
              )
            : complete
              ? t('consistency over {0} sentences.', count(groups))
              : t('consistency over {0} sentences; computing its interval…', count(groups))}
        </p>
      )}
    </section>
  );
}

/** Slices that differ significantly from the rest, largest difference first. */
function Findings({ model, numbers }: { model: Model; numbers: Numbers }) {
  const marked = numbers.slices
    .filter(({ finding }) => finding !== null)
    .sort((a, b) => Math.abs(b.difference ?? 0) - Math.abs(a.difference ?? 0));
  return (
    <section aria-label={t('Slices that differ')}>
      <h2>{t('Differs significantly from the rest')}</h2>
      {marked.length === 0 ? (
        <p class="muted">{t('No slice differs significantly from the rest.')}</p>
      ) : (
        <ul class="findings">
          {marked.map((each) => (
            <Finding key={`${each.slice} ${each.value}`} model={model} slice={each} />
          ))}
        </ul>
      )}
      <p class="muted small">
        {t(
          'False discovery rate 5%, corrected for the number of slices. Open one to see its examples.',
        )}
      </p>
    </section>
  );
}

function Finding({ model, slice }: { model: Model; slice: SliceNumbers }) {
  const below = (slice.difference ?? 0) < 0;
  return (
    <li class={below ? 'below' : 'above'}>
      <button
        class="quiet"
        onClick={() => model.showSubset({ kind: 'slice', slice: slice.slice, value: slice.value })}
      >
        <span class="arrow" aria-hidden="true">
          {below ? '▼' : '▲'}
        </span>
        <span>{slice.finding}</span>
      </button>
    </li>
  );
}

function Figure({
  title,
  text,
  action,
  children,
}: {
  title: string;
  text: string;
  action?: () => void;
  children?: ComponentChildren;
}) {
  return (
    <div>
      <dt>
        {action ? (
          <button class="quiet link" onClick={action}>
            {title}
          </button>
        ) : (
          title
        )}
      </dt>
      <dd>
        <p>{text}</p>
        {children}
      </dd>
    </div>
  );
}
