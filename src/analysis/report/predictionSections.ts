/** Sections of a report about predictions: slices, comparison, calibration, epochs, label noise. */
import { localized, localizedMessage } from '../../util/language';
import { localize, type StoredMessage, type MessageText } from '../../util/localize';
import type { Analysis } from '../analyze';
import type { ComparedRun, Comparison } from '../compare';
import {
  number,
  percent,
  pointInterval,
  points,
  limitSliceValues,
  significance,
  sliceName,
} from '../numberFormat';
import { reliabilityDiagram } from './chart';
import { html, type Content, type Html } from './html';
import { exact, paragraph, section, share, shortened, table } from './parts';

/** Number of candidates for label noise in a report. */
const MAX_CANDIDATES = 20;

/** Formats a set as `val after epoch 3`, counted from 1. */
function setLabel(split: string, epoch: number | null): MessageText {
  return epoch === null
    ? localize('{0}, evaluation', split)
    : localize('{0} after epoch {1}', split, epoch + 1);
}

export function metricsSection(analysis: Analysis): Html {
  const { split, epoch, n, groups, calibration } = analysis;
  const cards: [MessageText, Content][] = [
    [localize('Accuracy'), share(analysis.accuracy, analysis.ci95)],
    [localize('Consistency'), share(analysis.consistency, analysis.consistencyCi95)],
    [localize('Labeled examples'), exact(n, number(n))],
    [localize('Sentences'), exact(groups, number(groups))],
    [localize('Calibration error (ECE)'), share(calibration?.ece ?? null)],
  ];
  return section(
    'metrics',
    localize('Metrics: {0}', setLabel(split, epoch)),
    html`<dl class="cards">
      ${cards.map(
        ([name, value]) =>
          html`<div>
            <dt>${localized(name)}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>`,
    notes(analysis.notes),
  );
}

export function slicesSection({ slices }: Analysis): Html {
  const findings = slices
    .filter(({ finding }) => finding !== null)
    .sort((a, b) => Math.abs(b.difference ?? 0) - Math.abs(a.difference ?? 0));
  const { shown, left } = limitSliceValues(slices);
  return section(
    'slices',
    localize('Slices'),
    findingList(findings, localize('No slice differs significantly from the rest.')),
    table(
      localize(
        'Accuracy by slice, with 95% intervals; those in bold differ significantly from the rest',
      ),
      [
        { title: localize('Slice'), text: true },
        { title: localize('Examples') },
        { title: localize('Accuracy') },
        { title: localize('Consistency') },
        { title: localize('Against the rest') },
        { title: 'q' },
      ],
      shown.map((each) => ({
        marked: each.marked,
        cells: [
          shortened(sliceName(each)),
          exact(each.n, number(each.n)),
          share(each.accuracy, each.ci95),
          share(each.consistency, each.consistencyCi95),
          exact(each.difference, points(each.difference)),
          exact(each.q, significance(each.q)),
        ],
      })),
    ),
    moreValues(left),
  );
}

export function comparisonSection(comparison: Comparison): Html {
  const { a, b, split, n, slices } = comparison;
  const { shown, left } = limitSliceValues(slices);
  return section(
    'comparison',
    localize('Comparison: {0} and {1}', sideName(a), sideName(b)),
    table(
      localize('Labeled examples of {0} with answers in both runs: {1}', split, number(n)),
      [
        { title: localize('Run'), text: true },
        { title: localize('Accuracy') },
        { title: localize('Consistency') },
        { title: localize('Only answered by it') },
      ],
      [
        {
          cells: [
            localized(sideName(a)),
            share(comparison.accuracyA),
            share(comparison.consistencyA),
            exact(a.alone, number(a.alone)),
          ],
        },
        {
          cells: [
            localized(sideName(b)),
            share(comparison.accuracyB),
            share(comparison.consistencyB),
            exact(b.alone, number(b.alone)),
          ],
        },
      ],
    ),
    html`<p>
      ${localized(localize('Difference in percentage points'))}:
      ${exact(comparison.difference, points(comparison.difference))}
      ${pointInterval(comparison.ci95)}, ${localized(localize("McNemar's exact test"))} p
      ${exact(comparison.p, significance(comparison.p))}
    </p>`,
    html`<dl class="cards">
      ${[
        [localize('Newly right'), comparison.newlyRight] as const,
        [localize('Newly wrong'), comparison.newlyWrong] as const,
        [localize('Both wrong'), comparison.bothWrong] as const,
        [localize('Both right'), comparison.bothRight] as const,
      ].map(
        ([name, count]) =>
          html`<div>
            <dt>${localized(name)}</dt>
            <dd>${exact(count, number(count))}</dd>
          </div>`,
      )}
    </dl>`,
    findingList(slices, localize('No slice changed significantly.')),
    table(
      localize('Changes by slice, with 95% intervals; those in bold changed significantly'),
      [
        { title: localize('Slice'), text: true },
        { title: localize('Examples') },
        { title: shortened(a.name) },
        { title: shortened(b.name) },
        { title: localize('Difference') },
        { title: localize('Newly right') },
        { title: localize('Newly wrong') },
        { title: 'q' },
      ],
      shown.map((each) => ({
        marked: each.marked,
        cells: [
          shortened(sliceName(each)),
          exact(each.n, number(each.n)),
          share(each.accuracyA),
          share(each.accuracyB),
          html`${exact(each.difference, points(each.difference))}
            <span class="ci">${pointInterval(each.ci95)}</span>`,
          exact(each.newlyRight, number(each.newlyRight)),
          exact(each.newlyWrong, number(each.newlyWrong)),
          exact(each.q, significance(each.q)),
        ],
      })),
    ),
    moreValues(left),
    notes(comparison.notes),
  );
}

export function calibrationSection({ calibration }: Analysis): Html {
  const title = localize('Calibration');
  if (calibration === null)
    return section(
      'calibration',
      title,
      paragraph(localize('The predictions have no probabilities.')),
    );
  const { n, ece, brier, temperature, atLimit, eceCalibrated, bins } = calibration;
  const cards: [MessageText, Content][] = [
    [localize('Expected calibration error (15 bins)'), exact(ece, percent(ece))],
    [localize('Brier score'), exact(brier, brier.toFixed(4))],
    [
      localize('Best-fitting temperature'),
      html`${exact(temperature, temperature.toFixed(3))}
      ${atLimit && localized(localize('(at the limit of its range)'))}`,
    ],
    [localize('Calibration error with it'), exact(eceCalibrated, percent(eceCalibrated))],
  ];
  return section(
    'calibration',
    title,
    html`<dl class="cards">
      ${cards.map(
        ([name, value]) =>
          html`<div>
            <dt>${localized(name)}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>`,
    reliabilityDiagram(bins),
    table(
      localize('Examples with a probability: {0}', number(n)),
      [
        { title: localize('Confidence'), text: true },
        { title: localize('Examples') },
        { title: localize('Mean confidence') },
        { title: localize('Accuracy') },
      ],
      bins
        .filter((bin) => bin.n > 0)
        .map((bin) => ({
          cells: [
            `${percent(bin.low)} – ${percent(bin.high)}`,
            exact(bin.n, number(bin.n)),
            share(bin.confidence),
            share(bin.accuracy),
          ],
        })),
    ),
  );
}

export function epochsSection({ dynamics }: Analysis): Html | null {
  if (dynamics === null) return null;
  const { epochs, forgettings } = dynamics;
  const counts = [
    [localize('Always right'), dynamics.alwaysRight],
    [localize('Learned'), dynamics.learned],
    [localize('Forgotten'), dynamics.forgotten],
    [localize('Never learned'), dynamics.neverLearned],
    [localize('Right answers that became wrong'), forgettings],
  ] as const;
  return section(
    'epochs',
    localize('Over {0} epochs', epochs.length),
    html`<dl class="cards">
      ${counts.map(
        ([name, count]) =>
          html`<div>
            <dt>${localized(name)}</dt>
            <dd>${exact(count, number(count))}</dd>
          </div>`,
      )}
    </dl>`,
  );
}

export function labelNoiseSection({ labelNoise }: Analysis): Html {
  const title = localize('Label noise');
  if (labelNoise.length === 0)
    return section(
      'label-noise',
      title,
      paragraph(
        localize(
          'No suspicious labels: the model does not contradict any label with confidence in most epochs, and no annotator disagrees with one.',
        ),
      ),
    );
  const shown = labelNoise.slice(0, MAX_CANDIDATES);
  return section(
    'label-noise',
    title,
    paragraph(
      localize(
        'Examples whose labels may be wrong: {0}. {1} are shown, the most suspicious ones first.',
        number(labelNoise.length),
        number(shown.length),
      ),
    ),
    table(
      localize(
        'Score: the probability that the model or a random annotator contradicts the label. Votes: annotators who agree with the label.',
      ),
      [
        { title: localize('Sentence'), text: true },
        { title: localize('Example'), text: true },
        { title: localize('Label'), text: true },
        { title: localize('Score') },
        { title: localize('Contradicted') },
        { title: localize('Wrong epochs') },
        { title: localize('Votes') },
        { title: localize('Reasons'), text: true },
      ],
      shown.map(({ identifier, sentence, label, score, contradiction, ...each }) => ({
        cells: [
          html`<span dir="auto">${shortened(sentence)}</span>`,
          html`<code>${shortened(identifier)}</code>`,
          label ? 'True' : 'False',
          exact(score, score.toFixed(2)),
          exact(contradiction, percent(contradiction)),
          localized(localize('{0} of {1}', each.wrong, each.epochs)),
          each.votes === null
            ? '–'
            : localized(localize('{0} of {1}', each.votes.agreeing, each.votes.all)),
          each.reasons.map((reason) => localized(reasonWords[reason])).join(', '),
        ],
      })),
    ),
  );
}

const reasonWords = {
  contradicted: localize('model contradicts'),
  annotators: localize('annotators disagree'),
} as const satisfies Record<Analysis['labelNoise'][number]['reasons'][number], MessageText>;

function sideName({ name, epoch }: ComparedRun): MessageText {
  return epoch === null ? shortened(name) : localize('{0} (epoch {1})', shortened(name), epoch + 1);
}

function findingList(
  slices: readonly { finding: StoredMessage | null }[],
  none: MessageText,
): Html {
  const findings = slices.flatMap(({ finding }) => (finding === null ? [] : [finding]));
  if (findings.length === 0) return paragraph(none);
  return html`<ul class="findings">
    ${findings.map((finding) => html`<li>${shortened(localizedMessage(finding))}</li>`)}
  </ul>`;
}

function moreValues(left: number): Content {
  return left > 0 && paragraph(localize('Values of slices that are not shown: {0}.', number(left)));
}

function notes(messages: readonly StoredMessage[]): Content {
  return messages.map((each) => html`<p class="note">${shortened(localizedMessage(each))}</p>`);
}
