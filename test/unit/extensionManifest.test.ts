import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { translationProblems } from '../../scripts/strings.mjs';

interface Command {
  command: string;
  title: string;
  category?: string;
  enablement?: string;
}
interface Manifest {
  main: string;
  icon: string;
  activationEvents: string[];
  extensionKind: string[];
  capabilities: {
    untrustedWorkspaces: { supported: string; restrictedConfigurations: string[] };
    virtualWorkspaces: { supported: boolean };
  };
  contributes: {
    commands: Command[];
    configuration: { properties: Record<string, { scope: string; markdownDescription?: string }> };
    menus: Record<string, { command: string; when?: string }[]>;
    viewsWelcome: { contents: string }[];
    walkthroughs: {
      steps: {
        description: string;
        media: { altText: string } & ({ svg: string } | { image: string });
        completionEvents: string[];
      }[];
    }[];
    yamlValidation: { url: string }[];
    customEditors: { viewType: string }[];
  };
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const { contributes } = manifest;
const texts = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>;

/** The concatenated source of the extension host. */
const source = readdirSync('src/extension', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join('src/extension', file), 'utf8'))
  .join('\n');

/** Commands that the code registers: the table of handlers, and those registered one by one. */
function registered(): string[] {
  const register = readFileSync('src/extension/commands/register.ts', 'utf8');
  const table = register.slice(register.indexOf('return {'), register.indexOf('/** Registers all'));
  const handlers = [...table.matchAll(/^ {4}(\w+): (?:async )?\(/gm)].map(
    (match) => `nlvr.${match[1]}`,
  );
  const single = [...source.matchAll(/registerCommand\(\s*'(nlvr\.\w+)'/g)].map(
    (match) => match[1],
  );
  return [...handlers, ...single].sort();
}

/** The view types that the code registers by a function of `vscode.window`; they are constants there. */
function viewTypes(register: string): string[] {
  const calls = [...source.matchAll(new RegExp(`\\.${register}\\(\\s*([\\w.']+)`, 'g'))];
  return calls.map(([, argument]) => {
    const constant = new RegExp(`const ${argument} = ('[^']+')`).exec(source)?.[1] ?? argument;
    return constant.replaceAll("'", '');
  });
}

describe('the manifest', () => {
  it('contributes exactly the commands that the code registers', () => {
    expect(contributes.commands.map(({ command }) => command).sort()).toEqual(registered());
  });

  it('has the category NLVR for all commands', () => {
    for (const { category } of contributes.commands) expect(category).toBe('NLVR');
  });

  it('completes the steps of the walkthrough by their results, with context keys that the code sets', () => {
    for (const { steps } of contributes.walkthroughs)
      for (const { completionEvents } of steps) {
        const keys = completionEvents.map((event) => /^onContext:(nlvr\.\w+)/.exec(event)?.[1]);
        for (const key of keys) expect(source).toContain(`setContext('${key}'`);
        // VS Code ignores a context key that is true when it reads the walkthrough.
        expect(completionEvents).toEqual(
          [...new Set(keys)].flatMap((key) => [
            `onContext:${key}`,
            `onContext:${key} && nlvr.walkthroughShown`,
          ]),
        );
      }
  });

  it('refers only to existing commands, in menus, welcome texts and the walkthrough', () => {
    const known = new Set(contributes.commands.map(({ command }) => command));
    const inMenus = Object.values(contributes.menus).flatMap((items) =>
      items.map((item) => item.command),
    );
    const inTexts = Object.values(texts).flatMap((text) =>
      [...text.matchAll(/\(command:(nlvr\.\w+)\)/g)].map((match) => match[1]),
    );
    expect([...inMenus, ...inTexts].filter((command) => !known.has(command))).toEqual([]);
    expect(inTexts.length).toBeGreaterThan(5);
  });

  it('executes nothing in an untrusted workspace', () => {
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    expect(untrustedWorkspaces.supported).toBe('limited');
    expect(virtualWorkspaces.supported).toBe(false);
    const running = /^nlvr\.(start|stop|resume|evaluate|check|createSample|setUp)/;
    for (const { command, enablement } of contributes.commands)
      if (running.test(command)) expect(enablement).toContain('isWorkspaceTrusted');
  });

  it('restricts the settings that specify programs to trusted workspaces', () => {
    const { properties } = contributes.configuration;
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    for (const key of restrictedConfigurations)
      expect(properties[key].scope).toBe('machine-overridable');
    expect(restrictedConfigurations).toEqual([
      'nlvr.nodePath',
      'nlvr.tensorflowPath',
      'nlvr.environment',
    ]);
    for (const setting of Object.values(properties))
      expect(setting.markdownDescription).toBeTruthy();
  });

  it('is activated by what it needs, never by everything', () => {
    expect(manifest.activationEvents).not.toContain('*');
    expect(manifest.extensionKind).toEqual(['workspace']);
  });

  it('is activated by every kind of panel and editor that may have been open before a reload', () => {
    const panels = viewTypes('registerWebviewPanelSerializer');
    expect(panels).toEqual([
      'nlvr.dashboard',
      'nlvr.failures',
      'nlvr.analysis',
      'nlvr.runsTable',
      'nlvr.comparison',
    ]);
    for (const panel of panels)
      expect(manifest.activationEvents).toContain(`onWebviewPanel:${panel}`);
    // VS Code makes the activation events of custom editors itself, from what is contributed.
    expect(contributes.customEditors.map(({ viewType }) => viewType)).toEqual(
      viewTypes('registerCustomEditorProvider'),
    );
  });

  it('offers training and the form in the editor title of every configuration, also of one recognized by its first line', () => {
    const shown = (command: string): string =>
      contributes.menus['editor/title'].find((item) => item.command === command)?.when ?? '';
    const byName = 'resourceFilename =~ /(^|\\.)nlvr\\.ya?ml$/';
    const byMark = 'nlvr.activeConfiguration && editorLangId == yaml';
    expect(shown('nlvr.startTraining')).toBe(`${byName} || ${byMark}`);
    expect(shown('nlvr.openForm')).toContain(`(${byName} || ${byMark})`);
  });

  it('refers only to existing files', () => {
    const pictures = contributes.walkthroughs.flatMap(({ steps }) =>
      steps.map(({ media }) => ('svg' in media ? media.svg : media.image)),
    );
    const schemas = contributes.yamlValidation.map(({ url }) => url);
    for (const file of [manifest.icon, ...pictures, ...schemas])
      expect(existsSync(file), file).toBe(true);
  });

  it('sends nothing anywhere', () => {
    expect(source).not.toMatch(/telemetry(?!\w)|createTelemetryLogger|https?:\/\/(?!\$)/i);
  });
});

describe('translations', () => {
  it('are complete, in both languages, for the manifest and for every text of the code', () => {
    expect(translationProblems()).toEqual([]);
  });
});
