/** Takes screenshots of a window in all themes and sizes, for a visual check. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Workbench } from './harness/workbench';

const THEMES = [
  { label: 'Default Light Modern', className: 'vs' },
  { label: 'Default Dark Modern', className: 'vs-dark' },
  { label: 'Default High Contrast', className: 'hc-black' },
];
export const LARGE = { width: 1400, height: 900 };
const SIZES = [LARGE, { width: 700, height: 800 }];

/** Changes the theme in the settings file: the command palette would close the dialog or list of the screenshot. */
async function useTheme(
  vscode: Workbench,
  workspace: string,
  { label, className }: (typeof THEMES)[number],
): Promise<void> {
  mkdirSync(join(workspace, '.vscode'), { recursive: true });
  const settings = { 'workbench.colorTheme': label, 'window.autoDetectColorScheme': false };
  writeFileSync(join(workspace, '.vscode', 'settings.json'), JSON.stringify(settings));
  await vscode.page.locator(`.monaco-workbench.${className}`).waitFor();
}

/**
 * Combines screenshots of the window in all themes and sizes into one image, one row per theme.
 * @param prepare called before each screenshot, for lists that VS Code closes when the window is resized
 */
export async function takeScreenshotInAllThemes(
  vscode: Workbench,
  workspace: string,
  scene: string,
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const shots: { theme: number; left: number; png: Buffer }[] = [];
  for (const [theme, each] of THEMES.entries()) {
    await useTheme(vscode, workspace, each);
    let left = 0;
    for (const size of SIZES) {
      await vscode.page.setViewportSize(size);
      await vscode.settled();
      await vscode.page.waitForTimeout(500);
      await prepare();
      shots.push({ theme, left, png: await vscode.page.screenshot({ animations: 'disabled' }) });
      left += size.width;
    }
  }
  await vscode.page.setViewportSize(LARGE);
  const [width, height] = [LARGE.width + SIZES[1].width, LARGE.height];
  mkdirSync('test/e2e/artifacts', { recursive: true });
  await sharp({
    create: { width, height: height * THEMES.length, channels: 3, background: '#777' },
  })
    .composite(shots.map(({ theme, left, png }) => ({ input: png, left, top: theme * height })))
    .png()
    .toFile(`test/e2e/artifacts/panels-${scene}.png`);
}
