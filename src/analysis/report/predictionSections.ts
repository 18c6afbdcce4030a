/** What a report says of the predictions: slices, comparison, calibration, epochs. */
import { localized, localizedMessage } from '../../util/language';
import { phrase, type Message, type Words } from '../../util/phrase';
import type { Analysis } from '../analyze';
import type { ComparedRun, Comparison } from '../compare';
import {
  number,
  percent,
  pointInterval,
  points,
  shownSlices,
  significance,
  sliceName,
} from '../figures';
import { reliabilityDiagram } from './chart';
import { html, type Content, type Html } from './html';
import { exact, paragraph, section, share, shortened, table } from './parts';

/** `val after epoch 3`, counted from 1. */
export function setWords(split: string, epoch: number | null): Words {
  return epoch === null
    ? phrase('{0}, evaluation', split)
    : phrase('{0} after epoch {1}', split, epoch + 1);
}

export function metricsSection(analysis: Analysis): Html {
  const { split, epoch, n, groups, calibration } = analysis;
  const cards: [Words, Content][] = [
    [phrase('Accuracy'), share(analysis.accuracy, analysis.ci95)],
    [phrase('Consistency'), share(analysis.consistency, analysis.consistencyCi95)],
    [phrase('Labelled examples'), exact(n, number(n))],
    [phrase('Sentences'), exact(groups, number(groups))],
    [phrase('Calibration error (ECE)'), share(calibration?.ece ?? null)],
  ];
  return section(
    'metrics',
    phrase('Metrics: {0}', setWords(split, epoch)),
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
  const { shown, left } = shownSlices(slices);
  return section(
    'slices',
    phrase('Slices'),
    findingList(findings, phrase('No slice differs from the rest beyond chance.')),
    table(
      phrase(
        'Accuracy by slice, with 95% intervals; those in bold differ from the rest beyond chance',
      ),
      [
        { title: phrase('Slice'), text: true },
        { title: phrase('Examples') },
        { title: phrase('Accuracy') },
        { title: phrase('Consistency') },
        { title: phrase('Against the rest') },
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
  const { shown, left } = shownSlices(slices);
  return section(
    'comparison',
    phrase('Comparison: {0} and {1}', sideName(a), sideName(b)),
    table(
      phrase('Labelled examples of {0} that both answer: {1}', split, number(n)),
      [
        { title: phrase('Run'), text: true },
        { title: phrase('Accuracy') },
        { title: phrase('Consistency') },
        { title: phrase('Only answered by it') },
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
      ${localized(phrase('Difference in percentage points'))}:
      ${exact(comparison.difference, points(comparison.difference))}
      ${pointInterval(comparison.ci95)}, ${localized(phrase("McNemar's exact test"))} p
      ${exact(comparison.p, significance(comparison.p))}
    </p>`,
    html`<dl class="cards">
      ${[
        [phrase('Newly right'), comparison.newlyRight] as const,
        [phrase('Newly wrong'), comparison.newlyWrong] as const,
        [phrase('Both wrong'), comparison.bothWrong] as const,
        [phrase('Both right'), comparison.bothRight] as const,
      ].map(
        ([name, count]) =>
          html`<div>
            <dt>${localized(name)}</dt>
            <dd>${exact(count, number(count))}</dd>
          </div>`,
      )}
    </dl>`,
    findingList(slices, phrase('No slice changed beyond chance.')),
    table(
      phrase('Changes by slice, with 95% intervals; those in bold changed beyond chance'),
      [
        { title: phrase('Slice'), text: true },
        { title: phrase('Examples') },
        { title: shortened(a.name) },
        { title: shortened(b.name) },
        { title: phrase('Difference') },
        { title: phrase('Newly right') },
        { title: phrase('Newly wrong') },
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
  const title = phrase('Calibration');
  if (calibration === null)
    return section(
      'calibration',
      title,
      paragraph(phrase('The predictions have no probabilities.')),
    );
  const { n, ece, brier, temperature, atLimit, eceCalibrated, bins } = calibration;
  const cards: [Words, Content][] = [
    [phrase('Expected calibration error (15 bins)'), exact(ece, percent(ece))],
    [phrase('Brier score'), exact(brier, brier.toFixed(4))],
    [
      phrase('Temperature that fits best'),
      html`${exact(temperature, temperature.toFixed(3))}
      ${atLimit && localized(phrase('(at the end of its range)'))}`,
    ],
    [phrase('Calibration error with it'), exact(eceCalibrated, percent(eceCalibrated))],
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
      phrase('Examples with a probability: {0}', number(n)),
      [
        { title: phrase('Confidence'), text: true },
        { title: phrase('Examples') },
        { title: phrase('Mean confidence') },
        { title: phrase('Accuracy') },
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
    [phrase('Always right'), dynamics.alwaysRight],
    [phrase('Learned'), dynamics.learned],
    [phrase('Forgotten'), dynamics.forgotten],
    [phrase('Never learned'), dynamics.neverLearned],
    [phrase('Right answers that became wrong'), forgettings],
  ] as const;
  return section(
    'epochs',
    phrase('Over {0} epochs', epochs.length),
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

function sideName({ name, epoch }: ComparedRun): Words {
  return epoch === null ? shortened(name) : phrase('{0} (epoch {1})', shortened(name), epoch + 1);
}

function findingList(slices: readonly { finding: Message | null }[], none: Words): Html {
  const said = slices.flatMap(({ finding }) => (finding === null ? [] : [finding]));
  if (said.length === 0) return paragraph(none);
  return html`<ul class="findings">
    ${said.map((finding) => html`<li>${shortened(localizedMessage(finding))}</li>`)}
  </ul>`;
}

function moreValues(left: number): Content {
  return left > 0 && paragraph(phrase('Values of slices that are not shown: {0}.', number(left)));
}

function notes(messages: readonly Message[]): Content {
  return messages.map((each) => html`<p class="note">${shortened(localizedMessage(each))}</p>`);
}
