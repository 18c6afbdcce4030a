import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { version } from '../../../package.json';
import { checkUserSlices } from '../../analysis/userSlices';
import { listSets, type PredictionSet } from '../../run/read/predictionSets';
import { localize } from '../../util/localize';
import { withSlicesFile } from '../analysis/slicesFile';
import { isDemo } from '../demo/demoFolder';
import { withCancellableProgress } from '../progress';
import { pickOne } from '../quickPick';
import { runLocation } from '../runs/runLocation';
import type { Run, RunRegistry } from '../runs/runRegistry';
import { saveFile } from '../saveFile';
import type { Services } from '../services';
import { setting } from '../settings';
import { commandError } from '../trainer/commandError';
import { runProgram } from '../trainer/process';
import { requireTrust } from '../trust';
import { choosePredictions } from './choosePredictions';
import { pickRun } from './pickRun';

/** The content of a report. */
interface ReportContent {
  run: Run;
  /** null for a run without predictions. */
  set: PredictionSet | null;
  compareWith: Run | null;
}

/** Number of wrong answers in a report: the default of `nlvr report`. */
const WORST_EXAMPLES = 24;

/** "Create Report…": asks what to compare with and where to save, creates the file of `nlvr report` and offers to open it. */
export async function createReport(
  services: Services,
  runs: RunRegistry,
  calledOn: unknown,
): Promise<void> {
  const none = vscode.l10n.t('There are no runs yet. Run Start NLVR Training to create one.');
  const run = await pickRun(runs, calledOn, () => true, none);
  if (!run) return;
  if (!isDemo(run.folder)) await requireTrust();
  const title = vscode.l10n.t('Create Report');
  const has = (await listSets(run.folder)).length > 0;
  const set = has ? await choosePredictions(run.folder, run.info.name, title) : null;
  if (set === undefined) return;
  const compareWith = set === null ? null : await chooseComparison(runs, run, title);
  if (compareWith === undefined) return;
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(defaultFolder(run), `${fileName(run.info.name)}-report.html`)),
    filters: { HTML: ['html'] },
  });
  if (!target) return;
  const wanted = { run, set, compareWith };
  const page = await withCancellableProgress(vscode.l10n.t('Creating the report'), (signal) =>
    vscode.workspace.isTrusted ? createInProcess(services, wanted, signal) : createInHost(wanted),
  );
  await saveFile(target, [page], (uri, content) => vscode.workspace.fs.writeFile(uri, content));
  await offerToOpen(target);
}

/** Chooses the run to compare with. @returns null for no comparison, undefined when the user canceled. */
async function chooseComparison(
  runs: RunRegistry,
  run: Run,
  title: string,
): Promise<Run | null | undefined> {
  const others = runs.runs.filter(
    ({ folder }) => folder !== run.folder && (vscode.workspace.isTrusted || isDemo(folder)),
  );
  if (others.length === 0) return null;
  const without: vscode.QuickPickItem & { run: Run | null } = {
    label: vscode.l10n.t('No Comparison'),
    run: null,
  };
  const items = others.map((each) => ({
    label: each.info.name,
    detail: runLocation(each),
    run: each,
  }));
  const placeHolder = vscode.l10n.t('Compare {0} with another run?', run.info.name);
  return (await pickOne([without, ...items], { title, placeHolder }))?.run;
}

/** Runs `nlvr report` in a separate process, because many predictions take seconds. */
function createInProcess(
  services: Services,
  { run, set, compareWith }: ReportContent,
  signal: AbortSignal,
): Promise<string> {
  const slices = checkUserSlices(setting('slices'), 'nlvr.slices');
  return withSlicesFile(slices, async (file, folder) => {
    const output = join(folder, 'report.html');
    const args = ['report', run.folder, '--output', output, '--slices', file];
    args.push('--language', displayLanguage(), '--worst', String(WORST_EXAMPLES));
    if (set) args.push('--split', set.split);
    if (set?.epoch !== undefined && set.epoch !== null) args.push('--epoch', String(set.epoch));
    if (compareWith) args.push('--compare', compareWith.folder);
    const { code, stderr } = await runProgram(await services.program(), args, { signal });
    if (code !== 0)
      throw commandError(stderr, localize('nlvr {0} ended with {1}', 'report', String(code)));
    return readFile(output, 'utf8');
  });
}

/** Creates the report in this process. For Restricted Mode, where only the demo, which is small, is allowed. */
async function createInHost({ run, set, compareWith }: ReportContent): Promise<string> {
  const { makeReport } = await import('../../analysis/report/page');
  return makeReport(
    {
      run: run.folder,
      split: set?.split ?? 'val',
      epoch: set?.epoch ?? 'last',
      userSlices: [],
      ...(compareWith && { compareWith: compareWith.folder }),
      worst: WORST_EXAMPLES,
    },
    { language: displayLanguage(), version, created: new Date() },
  );
}

function displayLanguage(): string {
  return vscode.l10n.bundle === undefined ? 'en' : vscode.env.language;
}

/** The workspace folder that contains the run, else the first one, else the home folder. */
function defaultFolder(run: Run): string {
  const { workspace } = vscode;
  const folder =
    workspace.getWorkspaceFolder(vscode.Uri.file(run.folder)) ?? workspace.workspaceFolders?.[0];
  return folder?.uri.fsPath ?? homedir();
}

function fileName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '_');
}

/** Offers to open the file: in a browser if it is on the machine of the window, otherwise in the editor. */
async function offerToOpen(target: vscode.Uri): Promise<void> {
  const local =
    target.scheme === 'file' &&
    vscode.env.uiKind === vscode.UIKind.Desktop &&
    vscode.env.remoteName === undefined;
  const open = local ? vscode.l10n.t('Open in Browser') : vscode.l10n.t('Open File');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('The report is in {0}.', basename(target.path)),
    open,
  );
  if (chosen !== open) return;
  if (local) await vscode.env.openExternal(target);
  else await vscode.commands.executeCommand('vscode.open', target);
}
