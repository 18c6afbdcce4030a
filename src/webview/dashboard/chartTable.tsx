import { count, duration, significant } from '../shared/numbers';
import { t } from '../shared/translate';
import { useDashboard } from './context';
import { valueText, type ChartId, type Curve, type XAxis } from './curve';
import { curveTable } from './table';

const MAX_ROWS = 200;

/** Table of a chart's values. */
export function ChartTable({ id, title, curves }: { id: ChartId; title: string; curves: Curve[] }) {
  const { store } = useDashboard();
  const { xAxis, range } = store.view;
  const table = curveTable(curves, range, MAX_ROWS);
  const names: Record<XAxis, string> = { step: t('Step'), epoch: t('Epoch'), time: t('Time') };
  const xValue = (x: number) =>
    xAxis === 'time' ? duration(x) : xAxis === 'step' ? count(x) : significant(x);
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={t('Table: {0}', title)}>
      <table class="number">
        {table.sampled && (
          <caption class="muted">
            {t('{0} evenly spaced rows; Copy as CSV has all of them.', table.rows.length)}
          </caption>
        )}
        <thead>
          <tr>
            <th scope="col">{names[xAxis]}</th>
            {table.columns.map((curve) => (
              <th key={curve.id} scope="col">
                {curve.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <tr key={row.x}>
              <th scope="row">{xValue(row.x)}</th>
              {row.values.map((value, index) => (
                <td key={table.columns[index]?.id}>{value === null ? '' : valueText[id](value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
