/** Sections of a report about the run: configuration, environment, curves. */
import type { CurveName } from '../../run/curves/curveNames';
import { trainedSeconds } from '../../run/record/trainedTime';
import { formatDuration } from '../../util/duration';
import { localized } from '../../util/language';
import { localize, type MessageText } from '../../util/localize';
import { percent } from '../numberFormat';
import { lineChart, type Line } from './chart';
import type { ConfigRow, Report } from './reportData';
import { html, type Content, type Html } from './html';
import { exact, paragraph, section, share, shortened, table } from './parts';

export function configurationSection({ config }: Report): Html {
  const title = localize('Configuration');
  if (config === null)
    return section(
      'configuration',
      title,
      paragraph(localize('This run has no readable configuration.')),
    );
  const { changed, others } = config;
  const cells = ({ key, value, defaultValue }: ConfigRow) => ({
    cells: [code(key), code(value), defaultValue === null ? '–' : code(defaultValue)],
  });
  return section(
    'configuration',
    title,
    changed.length === 0
      ? paragraph(localize('All keys have their defaults.'))
      : table(
          localize('Keys that differ from the defaults'),
          [
            { title: localize('Key'), text: true },
            { title: localize('Value'), text: true },
            { title: localize('Default'), text: true },
          ],
          changed.map(cells),
        ),
    others.length > 0 && [
      html`<h3>${localized(localize('Default values'))}</h3>`,
      html`<ul class="keys">
        ${others.map(({ key, value }) => html`<li>${code(value === '' ? key : `${key}: ${value}`)}</li>`)}
      </ul>`,
    ],
  );
}

export function environmentSection({ folder, run: { info } }: Report): Html {
  const trained = trainedSeconds(info);
  const { versions } = info;
  const rows: [MessageText, string | number | null | undefined][] = [
    [localize('Folder'), folder],
    [localize('Written by'), info.trainer],
    ['NLVR Workbench', versions.nlvr],
    ['TensorFlow', versions.tensorflow],
    ['Node.js', versions.node],
    [localize('Machine'), info.host],
    [localize('Device'), info.device],
    [localize('Precision'), info.precision],
    [localize('Threads'), info.threads],
    [localize('Processes'), info.ranks?.length],
    [localize('Started'), info.started],
    [localize('Ended'), info.ended],
    [localize('Time spent training'), trained === null ? null : formatDuration(trained)],
    [localize('Configuration (SHA-256)'), info.configHash],
  ];
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return section(
    'environment',
    localize('Environment'),
    html`<dl>
      ${known.map(
        ([name, value]) =>
          html`<div>
            <dt>${localized(name)}</dt>
            <dd>${shortened(String(value))}</dd>
          </div>`,
      )}
    </dl>`,
  );
}

export function curvesSection({ curves }: Report): Html {
  const title = localize('Curves');
  if (curves === null)
    return section('curves', title, paragraph(localize('This run has no curves.')));
  const line = (name: CurveName, words: MessageText, style: number): Line[] =>
    curves[name].values.some(Number.isFinite) ? [{ name: words, ...curves[name], style }] : [];
  const charts = [
    {
      id: 'loss',
      title: localize('Loss'),
      format: (value: number) => value.toPrecision(3),
      lines: [
        ...line('loss/train', localize('train'), 1),
        ...line('loss/val', localize('val'), 2),
        ...line('loss/test', localize('test'), 3),
      ],
    },
    {
      id: 'accuracy',
      title: localize('Accuracy'),
      format: percent,
      lines: [
        ...line('accuracy/train', localize('train'), 1),
        ...line('accuracy/val', localize('val'), 2),
        ...line('accuracy/test', localize('test'), 3),
        ...line('consistency/val', localize('consistency, val'), 4),
      ],
    },
    {
      id: 'learning-rate',
      title: localize('Learning rate'),
      format: (value: number) => (value === 0 ? '0' : value.toExponential(1).replace('e+', 'e')),
      lines: line('lr', localize('learning rate'), 1),
    },
  ].filter(({ lines }) => lines.length > 0);
  return section(
    'curves',
    title,
    html`<div class="charts">${charts.map(lineChart)}</div>`,
    evaluations(curves),
  );
}

/** A table of the evaluations in the charts. */
function evaluations(curves: NonNullable<Report['curves']>): Content {
  const names = [
    ['accuracy/val', localize('val')],
    ['consistency/val', localize('consistency, val')],
    ['loss/val', localize('loss, val')],
    ['accuracy/test', localize('test')],
    ['consistency/test', localize('consistency, test')],
  ] as const;
  const shown = names.filter(([name]) => curves[name].length > 0);
  const steps = [...new Set(shown.flatMap(([name]) => curves[name].steps))].sort((a, b) => a - b);
  if (steps.length === 0) return null;
  const rows = steps.slice(-MAX_EVALUATIONS).map((step) => ({
    cells: [
      step.toLocaleString('en'),
      ...shown.map(([name]) => {
        const value = curves[name].valueAt(step) ?? NaN;
        if (!Number.isFinite(value)) return '–';
        return name === 'loss/val' ? exact(value, value.toPrecision(3)) : share(value);
      }),
    ],
  }));
  return table(
    steps.length > MAX_EVALUATIONS
      ? localize('Evaluations, the last {0}', MAX_EVALUATIONS)
      : localize('Evaluations'),
    [{ title: localize('step'), text: true }, ...shown.map(([, title]) => ({ title }))],
    rows,
  );
}

const MAX_EVALUATIONS = 50;

function code(text: string): Html {
  return html`<code>${shortened(text)}</code>`;
}
