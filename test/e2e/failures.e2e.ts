import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Frame } from 'playwright-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Prediction } from '../../src/run/predictions';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Theme, Workbench } from './harness/workbench';
import { openFailures, rowsInList as rowsIn } from './panels';
import { syntheticRun } from './syntheticRun';

const EXAMPLES = 400;

/** The properties of an `<img>` that the tests read; DOM types are not available here. */
interface Picture {
  naturalWidth: number;
  style: { transform: string };
}

let vscode: Workbench;
let frame: Frame;

function press(...keys: string[]): Promise<void> {
  return vscode.press(...keys);
}
/** Text of the row that is selected. */
async function selectedText(): Promise<string> {
  return (await frame.locator('.row[aria-selected=true]').textContent()) ?? '';
}
const rowsInList = (): Promise<number> => rowsIn(frame);
/** Clicks the n-th row of the list, from 1. */
async function clickRow(n: number): Promise<void> {
  await frame.evaluate(`document.querySelector('.list').scrollTop = ${(n - 1) * 44}`);
  await frame.locator(`.row[aria-posinset="${n}"]`).click();
}
/** Waits until all predictions of an epoch are shown. */
async function shown(epoch: number): Promise<void> {
  await expect.poll(() => frame.locator('select[name=epoch]').inputValue()).toBe(String(epoch));
  // The name of the epoch appears before its predictions.
  await frame.locator('.epoch[aria-current=true]', { hasText: String(epoch + 1) }).waitFor();
  await frame.locator('.browser[aria-busy=false]').waitFor();
}
function readLines(file: string): Prediction[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Prediction);
}
describe('the failed examples of a run', () => {
  let run: string;
  let wrong: Prediction[];

  beforeAll(async () => {
    const workspace = scratchFolder('failures');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    run = join(workspace, 'output', 'bright-otter-3');
    const created = await syntheticRun(run, {
      predictions: EXAMPLES,
      epochs: 4,
      predictedEpochs: 3,
    });
    const last = created.predictionFiles.at(-1) ?? '';
    wrong = readLines(last).filter(({ label, prediction }) => label !== prediction);
    vscode = await openWorkbench({ workspace });
    frame = await openFailures(vscode);
  });

  it('open from the palette with the wrong answers, the most confident first', async () => {
    await expect
      .poll(() => frame.locator('h1').textContent())
      .toContain(`${wrong.length} of ${EXAMPLES} wrong`);
    await expect.poll(rowsInList).toBe(wrong.length);
    const worst = wrong.reduce((a, b) => (confidence(a) >= confidence(b) ? a : b));
    await expect.poll(() => frame.locator('.facts').textContent()).toContain(worst.identifier);
    await expect.poll(selectedText).toContain(worst.sentence);
    const first = frame.locator('.row').first();
    await expect.poll(() => first.getAttribute('aria-setsize')).toBe(String(wrong.length));
    await expect.poll(() => first.textContent()).toMatch(/^wrongpredicted (True|False)/);
    const images = frame.locator('.frame img');
    await expect
      .poll(() =>
        images.evaluateAll((all) => all.map((each) => (each as unknown as Picture).naturalWidth)),
      )
      .toEqual([240, 240]);
    await expect.poll(() => frame.locator('.row img.thumbnail').count()).toBeGreaterThan(10);
  });

  it('are filtered and sorted', async () => {
    await frame.locator('select[name=show]').selectOption('all');
    await expect.poll(rowsInList).toBe(EXAMPLES);
    await frame.locator('select[name=show]').selectOption('falsePositive');
    await expect.poll(rowsInList).toBe(wrong.filter(({ prediction }) => prediction).length);
    await frame.locator('select[name=show]').selectOption('wrong');
    await frame.locator('select[name=kind]').selectOption('counting');
    await expect.poll(rowsInList).toBe(wrong.filter(({ group }) => group === 'counting').length);
    await frame.locator('select[name=change]').selectOption('alwaysWrong');
    await expect.poll(rowsInList).toBeGreaterThan(0);
    await frame.getByRole('button', { name: 'Reset' }).first().click();
    await expect.poll(rowsInList).toBe(wrong.length);
    await frame.locator('select[name=sort]').selectOption('index');
    const [first] = [...wrong].sort((a, b) => a.index - b.index);
    await frame.evaluate(`document.querySelector('.list').scrollTop = 0`);
    const top = frame.locator('.row[aria-posinset="1"]');
    await expect.poll(() => top.textContent()).toContain(first.sentence);
    await frame.locator('select[name=sort]').selectOption('wrong');
    await frame.getByLabel('Lowest confidence').fill('0.9');
    await expect.poll(rowsInList).toBe(wrong.filter((p) => confidence(p) >= 0.895).length);
    await frame.getByRole('button', { name: 'Reset' }).first().click();
    await frame.locator('input[type=search]').fill('both GREEN');
    const both = wrong.filter(({ sentence }) => /^both.*green/i.test(sentence));
    await expect.poll(rowsInList).toBe(both.length);
    await frame.locator('input[type=search]').fill('no such words anywhere');
    await expect
      .poll(() => frame.locator('.list-side .nothing').textContent())
      .toContain('No examples match the filter.');
    await frame.locator('.list-side .nothing button').click();
    await expect.poll(rowsInList).toBe(wrong.length);
  });

  it('can be reviewed with the keyboard alone', async () => {
    await clickRow(1);
    await press('ArrowDown', 'ArrowDown');
    const focused = frame.locator('.row:focus');
    await expect.poll(() => focused.getAttribute('aria-posinset')).toBe('3');
    await expect.poll(() => focused.getAttribute('aria-selected')).toBe('true');
    await press('End');
    await expect.poll(() => focused.getAttribute('aria-posinset')).toBe(String(wrong.length));
    await press('Home', 'PageDown');
    await expect
      .poll(async () => Number(await focused.getAttribute('aria-posinset')))
      .toBeLessThan(30);
    expect(Number(await focused.getAttribute('aria-posinset'))).toBeGreaterThan(5);
    await press('Home', 'z');
    const transforms = () =>
      frame
        .locator('.frame img')
        .evaluateAll((all) => all.map((each) => (each as unknown as Picture).style.transform));
    await expect.poll(async () => (await transforms())[0]).toContain('scale(3)');
    const [left, right] = await transforms();
    expect(right).toBe(left);
    await press('0');
    await expect.poll(async () => (await transforms())[0]).toContain('scale(1)');
    await press('/');
    await vscode.page.keyboard.type('circle');
    await expect
      .poll(rowsInList)
      .toBe(wrong.filter(({ sentence }) => sentence.includes('circle')).length);
    // In the search field, a letter is text, and Escape returns to the list.
    await vscode.page.keyboard.type('m');
    await press('Escape');
    await frame.getByRole('button', { name: 'Reset' }).first().click();
    await press('?');
    await expect.poll(() => frame.locator('dialog.keys-help').isVisible()).toBe(true);
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('failures-keys');
    await press('Escape');
    await expect.poll(() => frame.locator('dialog.keys-help').isVisible()).toBe(false);
  });

  it('show the other pairs of the sentence and the earlier epochs', async () => {
    await clickRow(1);
    const identifier = frame.locator('.facts .as-text');
    const before = await identifier.textContent();
    await expect.poll(() => frame.locator('.card').count()).toBeGreaterThan(1);
    await press('ArrowRight');
    await expect.poll(() => identifier.textContent()).not.toBe(before);
    await press('ArrowLeft');
    await expect.poll(() => identifier.textContent()).toBe(before);
    await expect.poll(() => frame.locator('.epoch').count()).toBe(3);
    await frame.locator('.epoch').first().click();
    await shown(firstEpoch(run));
    // The same example in the other epoch.
    await expect.poll(() => identifier.textContent()).toBe(before);
    await expect.poll(() => frame.locator('.epoch').count()).toBe(3);
    await frame.locator('.epoch').last().click();
    await shown(firstEpoch(run) + 2);
  });

  it('store marks and notes in the run folder, and show those written elsewhere', async () => {
    const notes = () =>
      (
        JSON.parse(readFileSync(join(run, 'notes.json'), 'utf8')) as {
          notes: { val: Record<string, object> };
        }
      ).notes.val;
    await clickRow(2);
    await press('m', 'n');
    await vscode.page.keyboard.type('The label looks wrong.');
    await press('Escape');
    // The page renders a frame after the click.
    const identifier = (await frame.locator('.facts .as-text').textContent()) ?? '';
    await expect
      .poll(() => existsSync(join(run, 'notes.json')) && notes()[identifier])
      .toMatchObject({
        marked: true,
        note: 'The label looks wrong.',
      });
    await frame.getByRole('button', { name: 'Marked' }).click();
    await expect.poll(rowsInList).toBe(1);
    const other = wrong.find((each) => each.identifier !== identifier)?.identifier ?? '';
    const merged = {
      version: 1,
      notes: {
        val: { ...notes(), [other]: { marked: true, note: '', updated: new Date().toISOString() } },
      },
    };
    const temporary = join(run, '.elsewhere');
    writeFileSync(temporary, JSON.stringify(merged));
    renameSync(temporary, join(run, 'notes.json'));
    await expect.poll(rowsInList, { timeout: 20_000 }).toBe(2);
    await frame.getByRole('button', { name: 'Reset' }).first().click();
    // The list renders a frame later: an earlier click would hit one of the two rows.
    await expect.poll(rowsInList).toBe(wrong.length);
  });

  it('are exported as shown', async () => {
    await clickRow(1);
    await press('e');
    const dialog = frame.locator('dialog.export');
    await dialog.waitFor();
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('failures-export');
    await press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await press('e');
    await frame.getByRole('button', { name: /^Prediction file/ }).click();
    // The file dialog fills in its default first.
    await expect.poll(() => vscode.quickInput.inputValue()).toContain('-predictions.csv');
    const file = join(dirname(run), 'exported.csv');
    await vscode.answerFileDialog(file);
    await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const first = (await frame.locator('.facts .as-text').textContent()) ?? '';
    expect(lines).toHaveLength(wrong.length);
    expect(lines[0]).toMatch(new RegExp(`^${first},(True|False)$`));
    await expect.poll(() => frame.locator('.notice').textContent()).toContain('exported.csv');
    await frame.locator('.notice button').click();
  });

  it('offer a new epoch while they are open', async () => {
    const epoch = firstEpoch(run) + 3;
    const source = join(run, 'predictions', fileName(epoch - 1));
    const target = join(run, 'predictions', fileName(epoch));
    writeFileSync(`${target}.tmp`, readFileSync(source));
    renameSync(`${target}.tmp`, target);
    const before = await frame.locator('.facts .as-text').textContent();
    const offer = frame.getByRole('button', { name: `Show val, epoch ${epoch + 1}` });
    await offer.waitFor({ timeout: 20_000 });
    await offer.click();
    await shown(epoch);
    await expect.poll(() => frame.locator('.facts .as-text').textContent()).toBe(before);
    await expect.poll(() => frame.locator('.epoch').count()).toBe(4);
  });

  it.each<Theme>(['light', 'dark', 'hc'])('are accessible in the %s theme', async (theme) => {
    await vscode.setTheme(theme);
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot(`failures-${theme}`);
  });

  it('work in a narrow panel and at 200% zoom', async () => {
    await vscode.runCommand('View: Toggle Primary Side Bar Visibility');
    await vscode.page.setViewportSize({ width: 376, height: 800 });
    const width = () => frame.evaluate<number>('document.documentElement.clientWidth');
    await expect.poll(width).toBeLessThanOrEqual(330);
    const overflow = () =>
      frame.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
    await expect.poll(overflow).toBe(0);
    const boxes = ['.list-side', '.detail'].map((each) => frame.locator(each).boundingBox());
    const [list, detail] = await Promise.all(boxes);
    expect(list?.width).toBe(await width());
    expect((list?.y ?? 0) + (list?.height ?? 0)).toBeLessThanOrEqual((detail?.y ?? 0) + 1);
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot('failures-narrow');
    // 200% zoom leaves half of the screen.
    await vscode.page.setViewportSize({ width: 640, height: 400 });
    await expect.poll(width).toBeGreaterThan(500);
    await expect.poll(overflow).toBe(0);
    await frame.locator('.note textarea').scrollIntoViewIfNeeded();
    await expect.poll(() => frame.locator('.note textarea').isVisible()).toBe(true);
    await vscode.screenshot('failures-zoom');
    await vscode.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('are restored after a window reload', async () => {
    await frame.locator('select[name=show]').selectOption('falseNegative');
    await clickRow(2);
    const shown = await rowsInList();
    const epoch = await frame.locator('select[name=epoch]').inputValue();
    await vscode.reloadWindow();
    frame = await vscode.webviewFrame('failures');
    await frame.locator('.browser[aria-busy=false]').waitFor({ timeout: 60_000 });
    await expect.poll(rowsInList).toBe(shown);
    await expect.poll(() => frame.locator('select[name=show]').inputValue()).toBe('falseNegative');
    await expect.poll(() => frame.locator('select[name=epoch]').inputValue()).toBe(epoch);
    expect(vscode.cspViolations).toEqual([]);
  });
});

describe('hostile data', () => {
  const markup = '<img src=x onerror="window.hit=1"><b>bold</b> & "quoted" \'=cmd|\'';
  const names = ['a b#c%20d.png', 'quo"te\'s & <b>.png', '图片 é 🐻.png', '..hidden..png'];

  beforeAll(async () => {
    const workspace = scratchFolder('hostile');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: images\nann_root: .\n');
    const run = join(workspace, 'run # 1%41');
    await syntheticRun(run, { predictions: 0, images: 1, config: { image_root: 'images' } });
    const folder = join(workspace, 'images', 'odd #1 %20');
    mkdirSync(folder);
    for (const name of names)
      await sharp({ create: { width: 12, height: 8, channels: 3, background: 'red' } })
        .png()
        .toFile(join(folder, name));
    const outside = join(workspace, 'outside.png');
    await sharp(join(folder, names[0])).toFile(outside);
    writeFileSync(join(folder, 'broken.png'), 'no picture at all');
    const pairs: [string, string][] = [
      [join(folder, names[0]), join(folder, names[1])],
      [join(folder, names[2]), join(folder, names[3])],
      [join(workspace, 'images', '..', 'outside.png'), join(folder, 'missing <i>.png')],
      [`${workspace}/images/../outside.png`, join(folder, 'broken.png')],
    ];
    const lines = pairs.map((images, index): Prediction => ({
      identifier: ['<script>x</script>', '__proto__', '=1+1', 'plain'][index],
      index,
      split: 'val',
      sentence: `${markup} ${index}`,
      images,
      label: true,
      prediction: false,
      prob_true: 0.1 + index / 100,
      logits: [2 - index / 10, 0],
      group: '<u>kind</u>',
    }));
    mkdirSync(join(run, 'predictions'));
    writeFileSync(
      join(run, 'predictions', 'val.jsonl'),
      `${lines.map((line) => JSON.stringify(line)).join('\n')}\nno json\n`,
    );
    vscode = await openWorkbench({ workspace });
    frame = await openFailures(vscode);
  });

  it('is shown as text', async () => {
    await expect.poll(() => frame.locator('.sentence').textContent()).toBe(`${markup} 0`);
    await expect.poll(() => frame.locator('.row').first().textContent()).toContain(markup);
    await expect.poll(() => frame.locator('.facts').textContent()).toContain('<script>x</script>');
    await expect.poll(() => frame.locator('#root :is(b, i, u, script)').count()).toBe(0);
    await expect.poll(() => frame.evaluate('window.hit')).toBeUndefined();
    await expect
      .poll(() => frame.locator('.notice.warning').textContent())
      .toMatch(/skipped in the predictions file: 1.*line 5: not a JSON object/);
  });

  it('shows its images, whatever their names', async () => {
    const widths = () =>
      frame
        .locator('.frame img')
        .evaluateAll((all) => all.map((each) => (each as unknown as Picture).naturalWidth));
    await expect.poll(widths).toEqual([12, 12]);
    await expect.poll(() => frame.locator('.frame img.pixelated').count()).toBe(2);
    await clickRow(2);
    await expect.poll(widths).toEqual([12, 12]);
    await expect.poll(() => frame.locator('.row .thumbnail.missing').count()).toBe(4);
    await expect.poll(() => frame.locator('.row img.thumbnail').count()).toBe(4);
  });

  it('opens nothing outside the image folder, and says what is missing', async () => {
    await clickRow(3);
    const problems = () => frame.locator('.no-image').allTextContents();
    await expect.poll(problems).toHaveLength(2);
    expect((await problems())[0]).toContain("outside the run's image folder");
    expect((await problems())[1]).toMatch(/The file is missing\..*missing <i>\.png/);
    await clickRow(4);
    await expect.poll(problems).toHaveLength(2);
    await expect.poll(async () => (await problems())[1]).toContain('It cannot be decoded.');
    await vscode.screenshot('failures-hostile');
    expect(await accessibilityProblems(frame)).toEqual([]);
  });

  it('keeps notes on an example named like a property', async () => {
    await clickRow(2);
    await press('m');
    const row = frame.locator('.row[aria-posinset="2"]');
    await expect.poll(() => row.textContent()).toContain('Marked');
    await clickRow(1);
    await expect.poll(() => row.textContent()).toContain('Marked');
    await expect
      .poll(() => frame.locator('.row[aria-posinset="1"]').textContent())
      .not.toContain('Marked');
  });
});

describe('with nothing to show', () => {
  let workspace: string;
  beforeAll(async () => {
    workspace = scratchFolder('nothing');
    writeFileSync(join(workspace, 'nlvr.yaml'), 'image_root: output/images\nann_root: .\n');
    const output = join(workspace, 'output');
    const small = { steps: 20, epochs: 1, predictions: 0, images: 2 };
    await syntheticRun(join(output, 'done'), { ...small, name: 'calm-fox-1' });
    await syntheticRun(join(output, 'going'), {
      ...small,
      name: 'early-hen-2',
      state: 'running',
      maxEpoch: 5,
    });
    vscode = await openWorkbench({ workspace });
  });

  it.each([
    ['calm-fox-1', 'This run has never been evaluated.'],
    ['early-hen-2', 'appear here after the first epoch'],
  ])('%s says so, and leads to the dashboard', async (run, text) => {
    await vscode.runAndPick('NLVR: Inspect Failed Examples', run);
    frame = await vscode.webviewFrame('failures');
    await frame.locator('.state-empty', { hasText: 'No predictions yet' }).waitFor();
    await expect.poll(() => frame.locator('.state-empty').textContent()).toContain(text);
    expect(await accessibilityProblems(frame)).toEqual([]);
    await vscode.screenshot(`failures-none-${run}`);
    await frame.getByRole('button', { name: 'Open Training Dashboard' }).press('Enter');
    await vscode.webviewFrame('dashboard');
    await vscode.runCommand('View: Close All Editors');
  });
});

function confidence({ prediction, prob_true }: Prediction): number {
  return prediction ? prob_true : 1 - prob_true;
}
function fileName(epoch: number): string {
  return `val-epoch-${String(epoch).padStart(3, '0')}.jsonl`;
}
/** The first epoch of the run that has predictions. */
function firstEpoch(run: string): number {
  for (let epoch = 0; ; epoch++)
    if (existsSync(join(run, 'predictions', fileName(epoch)))) return epoch;
}
