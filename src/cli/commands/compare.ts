import { resolve } from 'node:path';
import { compare, type Comparison } from '../../analysis/compare';
import {
  interval,
  number,
  percent,
  pointInterval,
  points,
  significance,
  limitSliceValues,
  sliceName,
} from '../../analysis/numberFormat';
import type { EpochSelector } from '../../analysis/runPredictions';
import type { Interval } from '../../analysis/statistics';
import { alignColumns } from '../table';
import { analysisOptions, type SliceOptions } from './analyze';

export interface CompareOptions extends SliceOptions {
  epoch_a: EpochSelector;
  epoch_b: EpochSelector;
}

/** `nlvr compare`. */
export async function compareRuns(a: string, b: string, options: CompareOptions): Promise<void> {
  const { comparison, examples } = await compare({
    ...(await analysisOptions(options)),
    a: resolve(a),
    b: resolve(b),
    epochA: options.epoch_a,
    epochB: options.epoch_b,
  });
  if (options.json)
    process.stdout.write(
      `${JSON.stringify(options.examples ? { ...comparison, exampleList: examples } : comparison)}\n`,
    );
  else process.stdout.write(`${describe(comparison).join('\n')}\n`);
}

function describe(comparison: Comparison): string[] {
  const { a, b, split, n, slices } = comparison;
  const name = (side: typeof a): string =>
    side.epoch === null ? side.name : `${side.name} (epoch ${side.epoch})`;
  const lines = [
    `${name(a)} and ${name(b)}, ${split}: ${number(n)} labeled examples in common`,
    `accuracy ${share(comparison.accuracyA, comparison.accuracyCiA95)} and ${share(comparison.accuracyB, comparison.accuracyCiB95)}: ${points(comparison.difference)} points ${pointInterval(comparison.ci95)}, McNemar's exact p ${significance(comparison.p)}`,
  ];
  if (comparison.consistencyA !== null)
    lines.push(
      `consistency ${share(comparison.consistencyA, comparison.consistencyCiA95)} and ${share(comparison.consistencyB, comparison.consistencyCiB95)} of ${number(comparison.groups)} sentences`,
    );
  lines.push(
    `${number(comparison.newlyRight)} newly right, ${number(comparison.newlyWrong)} newly wrong, ${number(comparison.bothWrong)} both wrong, ${number(comparison.bothRight)} both right`,
  );
  for (const side of [a, b])
    if (side.alone > 0)
      lines.push(`${number(side.alone)} examples are answered only by ${name(side)}`);
  const { shown, left } = limitSliceValues(slices);
  const header = [
    '  slice',
    'examples',
    'a',
    'b',
    'points',
    '95% interval',
    'newly right',
    'newly wrong',
    'both wrong',
    'q',
  ];
  const rows = shown.map((each) => [
    `${each.marked ? '*' : ' '} ${sliceName(each)}`,
    number(each.n),
    percent(each.accuracyA),
    percent(each.accuracyB),
    points(each.difference),
    pointInterval(each.ci95),
    number(each.newlyRight),
    number(each.newlyWrong),
    number(each.bothWrong),
    significance(each.q),
  ]);
  lines.push('', ...alignColumns([header, ...rows]));
  if (left > 0) lines.push(`  … and ${number(left)} more values (--json has all)`);
  const marked = slices.flatMap(({ finding }) => (finding ? [`  ${finding.message}`] : []));
  lines.push(
    '',
    ...(marked.length === 0
      ? ['No slice changed significantly.']
      : ['Significant (false discovery rate 5%):', ...marked]),
  );
  if (comparison.notes.length > 0)
    lines.push('', ...comparison.notes.map(({ message }) => message));
  return lines;
}

/** `75.0% [58.9, 86.2]`. */
function share(value: number | null, ci: Interval | null): string {
  return `${percent(value)} ${interval(ci)}`;
}
