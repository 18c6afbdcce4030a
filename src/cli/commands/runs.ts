import { statSync } from 'node:fs';
import { runTable, runTableCsv, type RunTable } from '../../analysis/runTable';
import { inEnglish } from '../../util/localize';
import { UserError } from '../../util/userError';
import { percent } from '../../analysis/numberFormat';
import { alignColumns } from '../table';
import { userPath } from '../userPath';

export interface RunsOptions {
  csv?: boolean;
}

/** `nlvr runs`: prints the runs in a folder as a table. */
export async function runs(folder: string, options: RunsOptions): Promise<void> {
  const root = userPath(folder);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`There is no folder ${root}.`, {
      hint: 'Specify a folder that contains runs.',
    });
  const table = await runTable(root);
  for (const { folder: each, message } of table.unreadable)
    process.stderr.write(`nlvr: ${each} is skipped: ${inEnglish(message)}\n`);
  if (table.rows.length === 0)
    throw new UserError(`There is no run in ${root}.`, {
      hint: 'A run is a folder with a run.json, or with the log.txt of train_nlvr.py.',
    });
  const lines = options.csv ? runTableCsv(table.rows, table.differing) : tableLines(table);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function tableLines({ rows, differing }: RunTable): string[] {
  const header = ['run', 'state', 'step', 'best epoch', 'val', 'consistency', 'test'];
  const share = (value: number | null): string => (value === null ? '' : percent(value));
  return alignColumns([
    [...header, ...differing.map(({ key }) => key)],
    ...rows.map((row, i) => [
      row.run,
      row.state,
      String(row.step),
      row.bestEpoch === null ? '' : String(row.bestEpoch),
      share(row.valAccuracy),
      share(row.valConsistency),
      share(row.testAccuracy),
      ...differing.map(({ values }) => values[i] ?? ''),
    ]),
  ]);
}
