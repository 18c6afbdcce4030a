/** Creates the table of runs: their results, and the keys in which their configurations differ. */
import { relative } from 'node:path';
import { differingKeys, type DifferingKey, type FlatConfig } from '../config/flat';
import { isBlipFolder } from '../run/import/blipFolder';
import { findRunFolders } from '../run/read/discovery';
import { readRun } from '../run/read/readRun';
import { readFlatConfig } from '../run/runConfig';
import { RunFolder } from '../run/runFolder';
import type { RunInfo } from '../run/runInfo';
import type { RunStatus } from '../run/record/runStatus';
import { trainedSeconds } from '../run/record/trainedTime';
import { csvRow } from '../util/csv';
import type { MessageText } from '../util/localize';
import { UserError } from '../util/userError';
import { readMetrics } from './metricsFile';

/** A run, with its numbers as shares from 0 to 1; null if missing. */
export interface RunRow {
  /** Folder of the run, relative to the searched folder; `.` for the searched folder itself. */
  run: string;
  name: string;
  kind: RunInfo['kind'];
  state: RunStatus;
  /** ISO 8601. */
  started: string;
  /** Optimizer steps; examples of an evaluation. */
  step: number;
  /** Epoch of the best validation accuracy, from 0. */
  bestEpoch: number | null;
  valAccuracy: number | null;
  valConsistency: number | null;
  testAccuracy: number | null;
  testConsistency: number | null;
  /** Mean cross-entropy in nats, of the same weights as the accuracy. */
  valLoss: number | null;
  testLoss: number | null;
  /** Seconds spent training (`run/record/trainedTime.ts`). */
  trainedSeconds: number | null;
}

/** A column of the table. */
export interface RunColumn {
  /** Name in the CSV table. */
  name: string;
  field: keyof RunRow;
  kind: 'text' | 'count' | 'share' | 'loss' | 'seconds' | 'time';
  /** Which values are better; missing if neither. */
  better?: 'higher' | 'lower';
}

/** The columns before those of the configuration, in the order of the CSV table. */
export const runColumns: readonly RunColumn[] = [
  { name: 'run', field: 'run', kind: 'text' },
  { name: 'name', field: 'name', kind: 'text' },
  { name: 'kind', field: 'kind', kind: 'text' },
  { name: 'state', field: 'state', kind: 'text' },
  { name: 'started', field: 'started', kind: 'time' },
  { name: 'step', field: 'step', kind: 'count' },
  { name: 'best_epoch', field: 'bestEpoch', kind: 'count' },
  { name: 'val_accuracy', field: 'valAccuracy', kind: 'share', better: 'higher' },
  { name: 'val_consistency', field: 'valConsistency', kind: 'share', better: 'higher' },
  { name: 'test_accuracy', field: 'testAccuracy', kind: 'share', better: 'higher' },
  { name: 'test_consistency', field: 'testConsistency', kind: 'share', better: 'higher' },
  { name: 'val_loss', field: 'valLoss', kind: 'loss', better: 'lower' },
  { name: 'test_loss', field: 'testLoss', kind: 'loss', better: 'lower' },
  { name: 'trained_seconds', field: 'trainedSeconds', kind: 'seconds' },
];

export interface RunTable {
  /** Newest first. */
  rows: RunRow[];
  /** One value per row. */
  differing: DifferingKey[];
  /** Runs that cannot be read, which have no row. */
  unreadable: { folder: string; message: MessageText }[];
}

/** Deeper than runs are organized in practice. */
const MAX_DEPTH = 8;

/** Finds the run folders at and below `roots`, including those of BLIP's `train_nlvr.py`. @param roots absolute paths */
export function runFoldersBelow(roots: readonly string[]): Promise<string[]> {
  return findRunFolders(roots, { maxDepth: MAX_DEPTH, blip: true });
}

/** Creates the table of the runs at and below a folder. @param root absolute path */
export async function runTable(root: string): Promise<RunTable> {
  return tableOf(await runFoldersBelow([root]), (folder) => relative(root, folder) || '.');
}

/**
 * Creates the table of the runs in these folders.
 * @param folders absolute paths
 * @param shown formats a folder for its row
 */
export async function tableOf(
  folders: readonly string[],
  shown: (folder: string) => string,
): Promise<RunTable> {
  const found: { row: RunRow; config: FlatConfig }[] = [];
  const unreadable: RunTable['unreadable'] = [];
  for (const folder of folders)
    try {
      const run = await readRun(folder);
      if (run)
        found.push({
          row: await runRow(shown(folder), folder, run.info, run.status),
          config: await readFlatConfig(folder),
        });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // Other programs also write a log.txt.
      if (!(await isBlipFolder(folder))) unreadable.push({ folder, message: error.messageText });
    }
  found.sort((a, b) => b.row.started.localeCompare(a.row.started));
  return {
    rows: found.map(({ row }) => row),
    differing: differingRunKeys(found),
    unreadable,
  };
}

/** Finds the keys in which the configurations of runs differ, with one value per run. */
export function differingRunKeys(
  runs: readonly { row: Pick<RunRow, 'kind'>; config: FlatConfig }[],
): DifferingKey[] {
  const known = runs.filter(({ config }) => config.size > 0);
  const foreign = known.filter(({ row }) => row.kind === 'imported').map(({ config }) => config);
  const keys = differingKeys(
    known.map(({ config }) => config),
    new Set(foreign),
  );
  return keys.map(({ key }) => ({
    key,
    values: runs.map(({ config }) => config.get(key) ?? null),
  }));
}

/** An additional column of the CSV table, with one value per row. */
export interface FurtherColumn {
  name: string;
  values: readonly (string | number)[];
}

/** Formats the table as CSV lines, header first: `runColumns`, the additional columns, and the keys that differ. */
export function runTableCsv(
  rows: readonly RunRow[],
  differing: readonly DifferingKey[],
  further: readonly FurtherColumn[] = [],
): string[] {
  const header = [
    ...runColumns.map(({ name }) => name),
    ...further.map(({ name }) => name),
    ...differing.map(({ key }) => key),
  ];
  return [
    csvRow(header),
    ...rows.map((row, i) =>
      csvRow([
        ...runColumns.map(({ field }) => row[field] ?? ''),
        ...further.map(({ values }) => values[i]),
        ...differing.map(({ values }) => values[i] ?? ''),
      ]),
    ),
  ];
}

/**
 * Creates the row of a run.
 * @param run the folder as shown in the row
 */
export async function runRow(
  run: string,
  folder: string,
  info: RunInfo,
  state: RunStatus,
): Promise<RunRow> {
  const { best, kind } = info;
  const { val, test } = await readMetrics(new RunFolder(folder).metrics);
  // metrics.json may come from a later evaluation of other weights than the best.
  const same =
    best === null ||
    (test?.epoch ?? 0) === best.epoch ||
    (kind === 'evaluate' && test?.checkpoint !== null);
  const ofTest = same ? test : undefined;
  const ofVal = best === null || (val?.epoch ?? 0) === best.epoch ? val : undefined;
  return {
    run,
    name: info.name,
    kind,
    state,
    started: info.started,
    step: info.step,
    // An evaluation without an epoch counts as epoch 0 in run.json.
    bestEpoch: kind === 'evaluate' && (val?.epoch ?? null) === null ? null : (best?.epoch ?? null),
    valAccuracy: best?.accuracy ?? val?.accuracy ?? null,
    valConsistency: best ? best.consistency : (val?.consistency ?? null),
    testAccuracy: ofTest?.accuracy ?? best?.testAccuracy ?? null,
    testConsistency: ofTest?.consistency ?? null,
    valLoss: ofVal?.loss ?? null,
    testLoss: ofTest?.loss ?? null,
    trainedSeconds: state === 'unreadable' ? null : trainedSeconds(info),
  };
}
