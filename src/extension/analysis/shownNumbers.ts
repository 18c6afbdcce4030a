import type { Analysis } from '../../analysis/analyze';
import { builtInSlices } from '../../analysis/slices';
import { localized, localizedMessage } from '../../util/language';
import type { Numbers } from '../../webview/analysis/messages';

const titles = new Map(builtInSlices.map(({ slice, title }) => [slice, title]));

/** Converts an analysis to the numbers that the panel shows, in the display language. */
export function shownNumbers(analysis: Analysis): Numbers {
  const { n, accuracy, ci95, consistency, groups, consistencyCi95, examples } = analysis;
  const { calibration, dynamics, labelNoise, contrast } = analysis;
  return {
    n,
    accuracy,
    ci95,
    consistency,
    groups,
    consistencyCi95,
    examples,
    slices: analysis.slices.map(({ finding, ...numbers }) => ({
      ...numbers,
      title: localized(titles.get(numbers.slice) ?? numbers.slice),
      finding: finding && localizedMessage(finding),
    })),
    calibration,
    dynamics,
    labelNoise,
    contrast,
    notes: analysis.notes.map(localizedMessage),
  };
}
