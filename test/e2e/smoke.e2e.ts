import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServerName } from '../../scripts/testTools.mjs';
import { openWorkbench, scratchFolder } from './harness/open';

/** A folder as a researcher has it, with a configuration and no run yet. */
function workspaceWithConfiguration(): string {
  const folder = scratchFolder('smoke');
  writeFileSync(join(folder, 'nlvr.yaml'), 'image_root: images\nann_root: annotations\n');
  mkdirSync(join(folder, 'images'));
  return folder;
}

describe.each<ServerName>(['current', 'oldest'])('the extension in the %s VS Code', (server) => {
  it('activates and offers its commands in the palette', async () => {
    const vscode = await openWorkbench({ workspace: workspaceWithConfiguration(), server });
    const entries = await vscode.paletteEntries('NLVR');
    expect(entries).toContain('NLVR: Start NLVR Training');
    expect(entries.filter((entry) => entry.startsWith('NLVR:')).length).toBeGreaterThan(8);
    await vscode.screenshot(`smoke-${server}`);
    await vscode.runCommand('Developer: Show Running Extensions');
    const row = vscode.page.locator('.runtime-extensions-editor .extension', {
      hasText: 'NLVR Workbench',
    });
    await row.waitFor();
    await expect.poll(() => row.textContent()).toMatch(/Activation: \d+ms/);
    await vscode.close();
  });
});
