/** Creates the report as one HTML file without network access and scripts. */
import { createHash } from 'node:crypto';
import { localized } from '../../util/language';
import { localize, type MessageText } from '../../util/localize';
import { percent } from '../numberFormat';
import { examplesSection } from './examplesSection';
import { loadReport, type Report, type ReportRequest } from './reportData';
import { html, type Html } from './html';
import { paragraph, section, shortened } from './parts';
import {
  calibrationSection,
  comparisonSection,
  epochsSection,
  labelNoiseSection,
  metricsSection,
  slicesSection,
} from './predictionSections';
import { configurationSection, curvesSection, environmentSection } from './runSections';
import { style } from './style';

export interface PageOptions {
  /** Language of the texts, BCP 47. */
  language: string;
  /** Version of this program. */
  version: string;
  created: Date;
}

/**
 * Creates the report of a run.
 * @returns the complete file
 * @throws {UserError} as `loadReport`
 */
export async function makeReport(request: ReportRequest, options: PageOptions): Promise<string> {
  return page(await loadReport(request), options);
}

async function page(
  report: Report,
  { language, version, created: made }: PageOptions,
): Promise<string> {
  const { info } = report.run;
  const title = localized(localize('NLVR report: {0}', shortened(info.name)));
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const body = html`<header>
      <h1>${shortened(info.name)}</h1>
      <p>${localized(summary(report))}</p>
      <p class="note">
        ${localized(
          localize(
            'Created by NLVR Workbench {0}, {1}. Epochs are counted from 1.',
            version,
            made.toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
          ),
        )}
      </p>
    </header>
    <main>${await sections(report)}</main>`;
  return `<!doctype html>
<html lang="${html`${language}`.text}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${html`${title}`.text}</title>
<style>${style}</style>
</head>
<body>
${body.text}
</body>
</html>
`;
}

async function sections(report: Report): Promise<(Html | null)[]> {
  const { analysis, comparison } = report;
  const about =
    typeof analysis === 'object' && 'slices' in analysis
      ? [
          metricsSection(analysis),
          slicesSection(analysis),
          comparison && comparisonSection(comparison),
          calibrationSection(analysis),
          epochsSection(analysis),
          labelNoiseSection(analysis),
          await examplesSection(report),
        ]
      : [section('metrics', localize('Metrics'), paragraph(analysis))];
  const [metrics, ...rest] = about;
  return [
    metrics,
    configurationSection(report),
    curvesSection(report),
    ...rest,
    environmentSection(report),
  ];
}

function summary({ run: { info, status, message } }: Report): MessageText {
  const best =
    info.best === null
      ? statusLabels[status]
      : localize(
          '{0}, best validation accuracy {1} after epoch {2}',
          statusLabels[status],
          percent(info.best.accuracy),
          info.best.epoch + 1,
        );
  return message === null ? best : localize('{0}. {1}', best, shortened(localized(message)));
}

/** The labels of the runs view. */
const statusLabels: Record<Report['run']['status'], MessageText> = {
  starting: localize('starting'),
  running: localize('running'),
  evaluating: localize('evaluating'),
  stopping: localize('stopping'),
  stopped: localize('stopped'),
  finished: localize('finished'),
  failed: localize('failed'),
  lost: localize('out of reach'),
  unreadable: localize('unreadable'),
};
