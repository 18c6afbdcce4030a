/** What a report says of the run itself: configuration, environment, curves. */
import type { CurveName } from '../../run/curves/roles';
import { trainedSeconds } from '../../run/trainedTime';
import { formatDuration } from '../../util/duration';
import { localized } from '../../util/language';
import { phrase, type Words } from '../../util/phrase';
import { percent } from '../figures';
import { lineChart, type Line } from './chart';
import type { ConfigRow, Report } from './gather';
import { html, type Content, type Html } from './html';
import { exact, paragraph, section, share, shortened, table } from './parts';

export function configurationSection({ config }: Report): Html {
  const title = phrase('Configuration');
  if (config === null)
    return section(
      'configuration',
      title,
      paragraph(phrase('This run has no configuration that can be read.')),
    );
  const { changed, others } = config;
  const cells = ({ key, value, byDefault }: ConfigRow) => ({
    cells: [code(key), code(value), byDefault === null ? '–' : code(byDefault)],
  });
  return section(
    'configuration',
    title,
    changed.length === 0
      ? paragraph(phrase('All keys have their defaults.'))
      : table(
          phrase('Keys that differ from the defaults'),
          [
            { title: phrase('Key'), text: true },
            { title: phrase('Value'), text: true },
            { title: phrase('Default'), text: true },
          ],
          changed.map(cells),
        ),
    others.length > 0 && [
      html`<h3>${localized(phrase('As by default'))}</h3>`,
      html`<ul class="keys">
        ${others.map(({ key, value }) => html`<li>${code(value === '' ? key : `${key}: ${value}`)}</li>`)}
      </ul>`,
    ],
  );
}

export function environmentSection({ folder, run: { info } }: Report): Html {
  const trained = trainedSeconds(info);
  const { versions } = info;
  const rows: [Words, string | number | null | undefined][] = [
    [phrase('Folder'), folder],
    [phrase('Written by'), info.trainer],
    ['NLVR Workbench', versions.nlvr],
    ['TensorFlow', versions.tensorflow],
    ['Node.js', versions.node],
    [phrase('Machine'), info.host],
    [phrase('Device'), info.device],
    [phrase('Precision'), info.precision],
    [phrase('Threads'), info.threads],
    [phrase('Processes'), info.ranks?.length],
    [phrase('Started'), info.started],
    [phrase('Ended'), info.ended],
    [phrase('Time spent training'), trained === null ? null : formatDuration(trained)],
    [phrase('Configuration (SHA-256)'), info.configHash],
  ];
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return section(
    'environment',
    phrase('Environment'),
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
  const title = phrase('Curves');
  if (curves === null)
    return section('curves', title, paragraph(phrase('This run has no curves.')));
  const line = (name: CurveName, words: Words, style: number): Line[] =>
    curves[name].values.some(Number.isFinite) ? [{ name: words, ...curves[name], style }] : [];
  const charts = [
    {
      id: 'loss',
      title: phrase('Loss'),
      format: (value: number) => value.toPrecision(3),
      lines: [
        ...line('loss/train', phrase('train'), 1),
        ...line('loss/val', phrase('val'), 2),
        ...line('loss/test', phrase('test'), 3),
      ],
    },
    {
      id: 'accuracy',
      title: phrase('Accuracy'),
      format: percent,
      lines: [
        ...line('accuracy/train', phrase('train'), 1),
        ...line('accuracy/val', phrase('val'), 2),
        ...line('accuracy/test', phrase('test'), 3),
        ...line('consistency/val', phrase('consistency, val'), 4),
      ],
    },
    {
      id: 'learning-rate',
      title: phrase('Learning rate'),
      format: (value: number) => (value === 0 ? '0' : value.toExponential(1).replace('e+', 'e')),
      lines: line('lr', phrase('learning rate'), 1),
    },
  ].filter(({ lines }) => lines.length > 0);
  return section(
    'curves',
    title,
    html`<div class="charts">${charts.map(lineChart)}</div>`,
    evaluations(curves),
  );
}

/** The numbers of the evaluations, which the charts show. */
function evaluations(curves: NonNullable<Report['curves']>): Content {
  const names = [
    ['accuracy/val', phrase('val')],
    ['consistency/val', phrase('consistency, val')],
    ['loss/val', phrase('loss, val')],
    ['accuracy/test', phrase('test')],
    ['consistency/test', phrase('consistency, test')],
  ] as const;
  const shown = names.filter(([name]) => curves[name].length > 0);
  const steps = [...new Set(shown.flatMap(([name]) => curves[name].steps))].sort((a, b) => a - b);
  if (steps.length === 0) return null;
  const rows = steps.slice(-MOST_EVALUATIONS).map((step) => ({
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
    steps.length > MOST_EVALUATIONS
      ? phrase('Evaluations, the last {0}', MOST_EVALUATIONS)
      : phrase('Evaluations'),
    [{ title: phrase('step'), text: true }, ...shown.map(([, title]) => ({ title }))],
    rows,
  );
}

const MOST_EVALUATIONS = 50;

function code(text: string): Html {
  return html`<code>${shortened(text)}</code>`;
}
