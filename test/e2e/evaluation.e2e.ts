import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { SAMPLE_IMAGES } from '../../src/data/check/checkDataset';
import { readAttempts } from '../../src/run/record/attempts';
import { RunFolder } from '../../src/run/runFolder';
import type { RunInfo } from '../../src/run/runInfo';
import { checkData } from '../../src/train/data/dataCheck';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { openDashboard, showNlvrView, viewRow, waitForNote } from './panels';
import { prepareTiny } from './tinyWorkspace';

const SLOW = { timeout: 120_000, interval: 100 };

/** Adds a test split with more images than are checked before a training. */
function addTestSplit(workspace: string): void {
  const images = join(workspace, 'images');
  const examples = Array.from({ length: SAMPLE_IMAGES }, (_, index) => {
    const name = `many-${index}.png`;
    copyFileSync(join(images, 'picture-0000.png'), join(images, name));
    const sentence = `There are ${index} shapes.`;
    return { sentence, label: 'True', images: [name, 'picture-0001.png'] };
  });
  writeFileSync(join(workspace, 'test.json'), JSON.stringify(examples, null, 1));
  const file = join(workspace, 'nlvr.yaml');
  const text = readFileSync(file, 'utf8').replace("test: ''", 'test: test.json');
  writeFileSync(file, `${text}eval_test: false\n`);
}

/** Removes the classification head from a checkpoint. */
function removeHead(file: string): void {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const remainingHeader: typeof header = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name.startsWith('cls_head.')) continue;
    if (name === '__metadata__') {
      remainingHeader[name] = entry;
      continue;
    }
    const [from, to] = entry.data_offsets;
    remainingHeader[name] = { ...entry, data_offsets: [at, at + to - from] };
    parts.push(bytes.subarray(start + from, start + to));
    at += to - from;
  }
  const text = Buffer.from(JSON.stringify(remainingHeader));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([length, text, ...parts]));
}

describe('a run and evaluations in its folder', () => {
  let vscode: Workbench;
  let workspace: string;
  let run: RunFolder;
  let damaged: string;
  const info = (): RunInfo | undefined =>
    existsSync(run.runJson)
      ? (JSON.parse(readFileSync(run.runJson, 'utf8')) as RunInfo)
      : undefined;
  const name = (): string => info()?.name ?? '?';

  beforeAll(async () => {
    workspace = scratchFolder('evaluation');
    await prepareTiny(workspace);
    addTestSplit(workspace);
    run = new RunFolder(join(workspace, 'output', 'quick-owl-1'));
    vscode = await openWorkbench({ workspace });
  });

  /** Evaluates on the preselected splits: val and test. */
  async function evaluate(): Promise<void> {
    await vscode.runCommand('View: Close All Editors');
    await vscode.runAndPick('NLVR: Evaluate Checkpoint', name());
    await vscode.page
      .locator('.quick-input-list .monaco-list-row', { hasText: '.json' })
      .nth(2)
      .waitFor();
    await vscode.press('Enter');
  }

  it('a damaged image found during training is shown in the Problems view and in the notes', async () => {
    const { unchecked } = await checkData(loadConfig(join(workspace, 'nlvr.yaml')), {}, 'sample');
    damaged = unchecked.find((file) => file.includes('many-')) ?? '';
    writeFileSync(damaged, 'no picture');
    await vscode.openFile('nlvr.yaml');
    await vscode.runCommand('NLVR: Start NLVR Training');
    // The image is read last, in the evaluation of test.
    await expect.poll(() => info()?.state, SLOW).toBe('failed');
    const frame = await openDashboard(vscode);
    await waitForNote(frame, 'test.json');
    await vscode.runCommand('Problems: Focus on Problems View');
    await vscode.page
      .locator('.markers-panel .monaco-list-row', { hasText: /many-\d+\.png/ })
      .first()
      .waitFor();
    await vscode.screenshot('evaluation-problems');
    copyFileSync(join(workspace, 'images', 'picture-0000.png'), damaged);
  });

  it('an evaluation is visible after the window is reloaded, and its end is announced', async () => {
    await evaluate();
    const owner = async (): Promise<number | undefined> => {
      const [newest] = await readAttempts(run);
      return newest.kind === 'evaluate' ? newest.owner?.pid : undefined;
    };
    await expect.poll(owner, SLOW).toBeGreaterThan(0);
    const pid = (await owner()) ?? 0;
    // Suspended, so that it is still running after the reload.
    process.kill(pid, 'SIGSTOP');
    await vscode.reloadWindow();
    await showNlvrView(vscode);
    await expect.poll(() => viewRow(vscode, name()).textContent(), SLOW).toContain('evaluating');
    await vscode.screenshot('evaluation-after-reload');
    process.kill(pid, 'SIGCONT');
    await expect
      .poll(() => vscode.notifications(), SLOW)
      .toContainEqual(expect.stringContaining(`The evaluation of ${name()} has ended.`));
    expect(existsSync(join(run.predictions, 'test.jsonl'))).toBe(true);
  });

  it('an incomplete checkpoint is refused with the reason, and evaluated and asked after a confirmation', async () => {
    removeHead(run.best);
    await evaluate();
    await vscode.page
      .locator('.monaco-dialog-box', { hasText: 'lacks the classification head: 4 parameters' })
      .waitFor({ timeout: SLOW.timeout });
    await vscode.screenshot('evaluation-incomplete');
    await vscode.dialogButton('Evaluate Anyway').click();
    const frame = await vscode.webviewFrame('failures', SLOW.timeout);
    await frame
      .locator('.notice', { hasText: 'The model was incomplete' })
      .waitFor({ timeout: SLOW.timeout });
    const row = frame.locator('.row').first();
    await row.click();
    await vscode.press('a');
    await frame.getByRole('button', { name: 'Ask Anyway' }).click({ timeout: SLOW.timeout });
    await expect
      .poll(() => frame.locator('.ask-state').textContent(), SLOW)
      .toContain('random values were used for the classification head');
    await expect
      .poll(() => frame.locator('.ask').textContent(), SLOW)
      .toMatch(/(True|False)P\(True\)/);
    await vscode.screenshot('evaluation-asked-anyway');
  });
});
