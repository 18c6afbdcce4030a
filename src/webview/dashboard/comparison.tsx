import { Icon } from '../shared/icons';
import { count, duration, percent } from '../shared/numbers';
import { t } from '../shared/translate';
import { AddRun } from './addRun';
import { useDashboard, useStore } from './context';
import { Swatch } from './legend';
import { Status } from './runHeader';
import { progressOf, wallText } from './viewModel';

/** Table that compares the runs: results, and the configuration keys in which they differ. */
export function Comparison() {
  const { host } = useDashboard();
  const store = useStore('data', 'view');
  const { ordered, differing, view } = store;
  if (ordered.length < 2) return null;
  const runs = ordered.map(({ run }) => run);
  const [first, second] = runs.map(({ header }) => header.key);
  const pair = runs.length === 2 && first !== undefined && second !== undefined;
  return (
    <div class="comparison">
      <section aria-labelledby="comparison-title">
        <div class="card-head">
          <h2 id="comparison-title">{t('Compared runs')}</h2>
          <div class="card-actions">
            {pair && (
              <button
                class="quiet"
                title={t('Which examples became right and wrong, by slice')}
                onClick={() => host.send({ type: 'comparePredictions', runs: [first, second] })}
              >
                {t('Compare Predictions')}
              </button>
            )}
            <AddRun />
          </div>
        </div>
        <div class="table-box" tabIndex={0} role="region" aria-labelledby="comparison-title">
          <table class="number comparison-table">
            <thead>
              <tr>
                <td />
                {runs.map(({ header }) => (
                  <th key={header.key} scope="col" title={header.key}>
                    <span class="comparison-run">
                      <Swatch look={{ color: header.color, dash: [], marker: 'none' }} />
                      {header.name}
                      <PinButton
                        name={header.name}
                        pinned={view.pinned.includes(header.key)}
                        toggle={() => store.toggle('pinned', header.key)}
                      />
                      <button
                        class="quiet icon-only"
                        aria-label={t('Remove {0} from Comparison', header.name)}
                        title={t('Remove {0} from Comparison', header.name)}
                        onClick={() => host.send({ type: 'removeRun', run: header.key })}
                      >
                        <Icon name="cross" />
                      </button>
                    </span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              <tr>
                <th scope="row">{t('State')}</th>
                {runs.map(({ header, problem }) => (
                  <td key={header.key}>
                    <Status header={header} />
                    {problem && (
                      <span class="comparison-problem" title={problem.message}>
                        <Icon name="error" /> {t('cannot be read')}
                      </span>
                    )}
                  </td>
                ))}
              </tr>
              <Row
                name={t('Best val accuracy')}
                values={runs.map(({ header }) =>
                  header.best
                    ? `${percent(header.best.accuracy)} (${t('epoch {0}', header.best.epoch + 1)})`
                    : '–',
                )}
              />
              <Row
                name={t('Consistency')}
                values={runs.map(({ header }) => percent(header.best?.consistency))}
              />
              <Row
                name={t('Configuration')}
                values={runs.map(({ header }) => header.configuration ?? '–')}
              />
              <Row name={t('Steps')} values={runs.map((run) => count(progressOf(run).step))} />
              <Row
                name={t('Trained')}
                values={runs.map(({ header }) => duration(header.trainedSeconds))}
                titles={runs.map(({ header }) => wallText(header))}
              />
            </tbody>
            <tbody>
              <tr>
                <th scope="rowgroup" colSpan={runs.length + 1} class="muted">
                  {differing.length > 0 ? t('Differs in') : t('The configurations do not differ.')}
                </th>
              </tr>
              {differing.map(({ key, values }) => (
                <tr key={key}>
                  <th scope="row">
                    <code>{key}</code>
                  </th>
                  {ordered.map(({ run, index }) => (
                    <td key={run.header.key}>{values[index] ?? <span class="muted">–</span>}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}

function PinButton(props: { name: string; pinned: boolean; toggle: () => void }) {
  const { name, pinned, toggle } = props;
  return (
    <button
      class={`quiet icon-only ${pinned ? 'active' : ''}`}
      aria-label={pinned ? t('Unpin {0}', name) : t('Pin {0}', name)}
      title={t('Pinned runs are listed first and drawn in front')}
      onClick={toggle}
    >
      <Icon name="pin" />
    </button>
  );
}

function Row({ name, values, titles }: { name: string; values: string[]; titles?: string[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {values.map((value, index) => (
        <td key={index} title={titles?.[index]}>
          {value}
        </td>
      ))}
    </tr>
  );
}
