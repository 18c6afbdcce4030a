import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessibilityProblems } from './harness/axe';
import { openWorkbench, scratchFolder } from './harness/open';
import type { Workbench } from './harness/workbench';
import { openForm, openText } from './panels';

const original = `# My first run
image_root: images # drawn here
ann_root: annotations
ann_files: { train: train.json, val: val.json, test: '' }

# Model
vit: tiny
image_size: 64

# Optimization
init_lr: 3e-4 # hot
warmup_steps: 20
batch_size_train: 16
max_epoch: 8
`;

/** Creates a folder with a configuration and the files that it specifies. */
function workspace(yaml = original): { folder: string; file: string } {
  const folder = scratchFolder('configuration');
  const file = join(folder, 'nlvr.yaml');
  mkdirSync(join(folder, 'images'));
  mkdirSync(join(folder, 'annotations'));
  const examples = Array.from({ length: 330 }, (_, i) => ({
    sentence: `There are ${i} dogs.`,
    label: 'True',
    images: ['a.png', 'b.png'],
  }));
  writeFileSync(join(folder, 'annotations/train.json'), JSON.stringify(examples));
  writeFileSync(join(folder, 'annotations/val.json'), '[]');
  writeFileSync(file, yaml);
  return { folder, file };
}

const saved = (file: string) => () => readFileSync(file, 'utf8');

/** Saves with the keyboard shortcut, wherever the focus is. */
const save = (vscode: Workbench): Promise<void> => vscode.page.keyboard.press('Control+s');

describe('the configuration form', () => {
  it('edits the text and keeps its comments, undoes, and shows the training plan', async () => {
    const { folder, file } = workspace();
    const vscode = await openWorkbench({ workspace: folder });
    const form = await openForm(vscode);
    const rate = form.locator('#field-init_lr');
    await expect.poll(() => rate.inputValue()).toBe('3e-4');

    await rate.fill('0.0001');
    await rate.press('Enter');
    await save(vscode);
    await expect
      .poll(saved(file))
      .toBe(original.replace('init_lr: 3e-4 # hot', 'init_lr: 1e-4 # hot'));
    // The field keeps the focus and the text as typed.
    await expect.poll(() => rate.inputValue()).toBe('0.0001');
    await expect
      .poll(() => rate.evaluate('this === document.activeElement || document.activeElement.id'))
      .toBe('field-init_lr');

    await form.locator('#field-freeze_vit').check();
    await form.locator('#field-vit').selectOption('custom size');
    await form.locator('[id="field-vit.depth"]').fill('4');
    await form.locator('[id="field-vit.depth"]').press('Tab');
    await save(vscode);
    await expect
      .poll(saved(file))
      .toContain(
        'vit:\n  width: 192\n  depth: 4\n  heads: 3\n  patch_size: 16\nfreeze_vit: true\n',
      );
    await expect.poll(saved(file)).toContain('# Model\nvit:');

    // VS Code's own undo, one step per edit.
    await vscode.runCommand('Undo');
    await expect.poll(() => form.locator('[id="field-vit.depth"]').inputValue()).toBe('12');
    await vscode.runCommand('Redo');
    await expect.poll(() => form.locator('[id="field-vit.depth"]').inputValue()).toBe('4');

    await expect.poll(() => form.locator('.card').textContent()).toContain('Steps per epoch20');
    await expect.poll(() => form.locator('.card').textContent()).toContain('Total steps160');
    await expect
      .poll(() => form.locator('svg.schedule').getAttribute('aria-label'))
      .toContain('Learning rate: 1e-6 at first, at most 1e-4');

    // Saving while typing writes what was typed.
    await form.locator('#field-max_epoch').fill('5');
    await save(vscode);
    await expect.poll(saved(file)).toContain('max_epoch: 5');
    expect(vscode.cspViolations).toEqual([]);
    await vscode.close();
  });

  it('shows a problem while typing, with the text of the Problems view, and fixes it', async () => {
    const { folder, file } = workspace();
    const vscode = await openWorkbench({ workspace: folder });
    const form = await openForm(vscode);
    const message = 'init_lr is 30: it must be from 0 to 10.';
    await form.locator('#field-init_lr').focus();
    await form.locator('#field-init_lr').pressSequentially('0', { delay: 20 });
    await form.locator('#field-init_lr').fill('30');
    await expect
      .poll(() => form.locator('#field-init_lr-problems').textContent())
      .toContain(message);
    await expect
      .poll(() => form.locator('#field-init_lr').getAttribute('aria-invalid'))
      .toBe('true');
    await form.locator('#field-init_lr').press('Enter');
    await form.getByRole('button', { name: 'Change to 10' }).click();
    await expect.poll(() => form.locator('#field-init_lr').inputValue()).toBe('10');
    await expect.poll(() => form.locator('#field-init_lr-problems').textContent()).toBe('');

    await form.getByRole('button', { name: 'Reset init_lr to Default' }).click();
    await expect.poll(() => form.locator('#field-init_lr').inputValue()).toBe('3e-5');
    await save(vscode);
    await expect.poll(saved(file)).not.toContain('init_lr');
    expect(readFileSync(file, 'utf8')).toContain('# Optimization\nwarmup_steps: 20');
    await vscode.close();
  });

  it('searches, looks right in every theme, and is accessible', async () => {
    const { folder } = workspace(
      original.replace('image_size: 64', 'image_size: 100\nimage_sise: 3') +
        'ann_format: bilp\npretrained: none.pth\nseed: 7\n',
    );
    const vscode = await openWorkbench({ workspace: folder });
    const form = await openForm(vscode);
    await expect.poll(() => form.locator('.card').textContent()).toContain('Steps per epoch');
    for (const theme of ['light', 'dark', 'hc'] as const) {
      await vscode.setTheme(theme);
      expect(await accessibilityProblems(form)).toEqual([]);
      await vscode.screenshot(`configuration-form-${theme}`);
    }
    await form.locator('body').press('/');
    await form.locator('input[type=search]').fill('learning rate');
    await expect.poll(() => form.locator('.field').count()).toBeLessThan(8);
    await expect.poll(() => form.locator('#field-warmup_lr').count()).toBe(1);
    await expect.poll(() => form.locator('#field-seed').count()).toBe(0);
    await vscode.screenshot('configuration-form-search');
    await form.locator('input[type=search]').fill('');
    await vscode.page.setViewportSize({ width: 700, height: 800 });
    // The plan collapses in a narrow panel, and expands again in a wide one.
    const plan = form.locator('.card details');
    await expect.poll(() => plan.getAttribute('open')).toBeNull();
    await vscode.screenshot('configuration-form-narrow');
    await vscode.page.setViewportSize({ width: 1280, height: 800 });
    await expect.poll(() => plan.getAttribute('open')).not.toBeNull();

    await expect.poll(() => form.getByRole('button', { name: 'Rename' }).count()).toBe(0);
    await form.getByRole('button', { name: 'Remove image_sise' }).click();
    await expect.poll(() => form.locator('#others').textContent()).toBe('');
    await vscode.close();
  });

  it('opens next to the text in one click, and shows what it cannot compute', async () => {
    const { folder } = workspace(original.replace('max_epoch: 8', 'max_epoch: abc'));
    const vscode = await openWorkbench({ workspace: folder, size: { width: 1400, height: 900 } });
    await openText(vscode, 'nlvr.yaml');
    await vscode.page.getByRole('button', { name: 'Open Configuration Form to the Side' }).click();
    const form = await vscode.webviewFrame('config', 60_000);
    await expect
      .poll(() => form.locator('.card').textContent())
      .toContain('Not available: the value of max_epoch is invalid.');
    await form.getByRole('button', { name: 'Reset to Default (15)' }).waitFor();
    expect(await vscode.page.locator('.tabs-container .tab').allTextContents()).toEqual([
      'nlvr.yaml',
      'nlvr.yaml (Form)',
    ]);
    for (const theme of ['light', 'hc', 'dark'] as const) {
      await vscode.setTheme(theme);
      await vscode.screenshot(`configuration-side-${theme}`);
    }
    await vscode.close();
  });

  it('shows where invalid YAML must be fixed, and follows the text', async () => {
    const { folder } = workspace('seed: 1\nvit: {width: 64\n');
    const vscode = await openWorkbench({ workspace: folder });
    await openText(vscode, 'nlvr.yaml');
    await vscode.runCommand('NLVR: Open Configuration Form');
    const form = await vscode.webviewFrame('config');
    await form.getByRole('button', { name: 'Fix in Text' }).waitFor();
    await vscode.screenshot('configuration-form-broken');
    expect(await accessibilityProblems(form)).toEqual([]);
    await form.getByRole('button', { name: 'Fix in Text' }).click();
    await vscode.page.locator('.monaco-editor .view-lines').waitFor();
    await vscode.press('Control+a');
    await vscode.page.keyboard.type('seed: 9');
    await vscode.runCommand('NLVR: Open Configuration Form');
    const again = await vscode.webviewFrame('config');
    await expect.poll(() => again.locator('#field-seed').inputValue()).toBe('9');
    await vscode.close();
  });
});

describe('the configuration as text', () => {
  it('shows a diagnostic at its position and fixes it with a quick fix', async () => {
    const { folder, file } = workspace('# c\nimage_root: images\nann_root: annotations\nseed: 1\n');
    const vscode = await openWorkbench({ workspace: folder });
    await openText(vscode, 'nlvr.yaml');
    await vscode.page.keyboard.type('ann_files: {train: train.json, val: val.json, test: ""}\n');
    await vscode.page.keyboard.type('init_rl: 1e-4');
    const squiggle = vscode.page.locator('.monaco-editor .squiggly-error');
    await squiggle.waitFor();
    await vscode.runCommand('View: Focus Problems');
    const problems = vscode.page.locator('.markers-panel .monaco-list-row');
    await problems.filter({ hasText: '`init_rl` is not a key' }).waitFor();
    await vscode.screenshot('configuration-text');
    await vscode.runCommand('View: Focus Active Editor Group');
    // The palette returns the focus to the Problems view before the command moves it.
    await vscode.page.locator('.editor-instance .monaco-editor.focused').waitFor();
    await vscode.press('Control+End', 'Home');
    // The quick fixes of the position before and of the new one arrive one after the other.
    await vscode.page.locator('[class*="codicon-gutter-lightbulb"]').waitFor();
    await vscode.applyQuickFix('Rename to `init_lr`');
    await squiggle.waitFor({ state: 'detached' });
    await save(vscode);
    await expect.poll(saved(file)).toContain('\ninit_lr: 1e-4');
    await vscode.close();
  });

  it('shows problems of the med_config file in that file, and follows unsaved edits', async () => {
    const { folder } = workspace('image_root: images\nmed_config: bert.json\n');
    const bert = '{\n  "hidden_size": 768,\n  "vocab_size": 30522\n}\n';
    writeFileSync(join(folder, 'bert.json'), bert);
    const vscode = await openWorkbench({ workspace: folder });
    await openText(vscode, 'nlvr.yaml');
    await vscode.runCommand('View: Focus Problems');
    const problems = vscode.page.locator('.markers-panel .monaco-list-row');
    // The configuration is open, the file is not.
    const vocabulary = problems.filter({ hasText: 'needs 30524 rows' });
    await expect.poll(() => vocabulary.textContent()).toContain('[Ln 3, Col 17]');
    await vscode.screenshot('configuration-med-config');
    await vocabulary.dblclick();
    await vscode.page.locator('.tab.active', { hasText: 'bert.json' }).waitFor();
    // A closed configuration still identifies the open file as a med_config.
    await vscode.page.locator('.tab', { hasText: 'nlvr.yaml' }).click({ button: 'middle' });
    await vscode.page.locator('.monaco-editor .view-lines').first().click();
    await vscode.press('Control+a');
    await vscode.page.keyboard.insertText('{"num_attention_heads": 5}');
    // The editor inserts closing quotes and brackets.
    await vscode.press('Shift+End', 'Delete');
    await problems.filter({ hasText: '5: it must divide' }).waitFor();
    expect(await vocabulary.count()).toBe(0);
    expect(readFileSync(join(folder, 'bert.json'), 'utf8')).toBe(bert);
    await vscode.press('ArrowLeft', 'Backspace');
    await vscode.page.keyboard.type('6');
    await expect.poll(() => problems.filter({ hasText: 'bert.json' }).count()).toBe(0);
    await vscode.close();
  });

  it('completes keys and values, and explains a key on hover', async () => {
    const { folder } = workspace('seed: 1\n');
    const vscode = await openWorkbench({ workspace: folder });
    await openText(vscode, 'nlvr.yaml');
    await vscode.page.keyboard.type('prec', { delay: 60 });
    const suggestion = vscode.page.locator('.suggest-widget .monaco-list-row.focused');
    // The first request is sent before the extension is activated.
    await expect
      .poll(
        async () => {
          if ((await suggestion.count()) === 0) await vscode.press('Control+Space');
          return suggestion
            .first()
            .textContent({ timeout: 1000 })
            .catch(() => '');
        },
        { timeout: 60_000, interval: 1500 },
      )
      .toContain('precision');
    await vscode.screenshot('configuration-completion');
    await vscode.press('Enter');
    await vscode.page.locator('.suggest-widget .monaco-list-row', { hasText: 'bf16' }).waitFor();
    await vscode.press('Escape', 'Escape');
    const seed = vscode.page.locator('.monaco-editor .view-line', { hasText: 'seed' }).first();
    await vscode.openHover(seed, 'Seed for initialization', { x: 20, y: 8 });
    await vscode.screenshot('configuration-hover');
    await vscode.close();
  });

  it('recognizes a configuration by its first line', async () => {
    const { folder } = workspace('seed: 1\n');
    writeFileSync(join(folder, 'other.yaml'), '# nlvr\nimage_sise: 3\n');
    writeFileSync(join(folder, 'plain.yaml'), 'image_sise: 3\n');
    const vscode = await openWorkbench({ workspace: folder });
    await openText(vscode, 'other.yaml');
    await vscode.page.locator('.monaco-editor .squiggly-error').waitFor();
    await vscode.runCommand('NLVR: Open Configuration Form');
    const form = await vscode.webviewFrame('config');
    await form.locator('#others').getByText('image_sise').first().waitFor();
    await openText(vscode, 'plain.yaml');
    await vscode.page.waitForTimeout(1500);
    await expect.poll(() => vscode.page.locator('.monaco-editor .squiggly-error').count()).toBe(0);
    await vscode.close();
  });
});
