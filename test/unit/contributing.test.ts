/** CONTRIBUTING.md, docs/architecture.md and the workspace's VS Code files refer to existing files and scripts. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const text = readFileSync('CONTRIBUTING.md', 'utf8');
const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('CONTRIBUTING.md', () => {
  it('names files, folders and links that exist', () => {
    const files = [
      ...[...text.matchAll(/`((?:src|test|docs|scripts|l10n|configs)\/[\w./-]+)`/g)],
      ...[...text.matchAll(/\]\(((?!https?:)[^)]+)\)/g)],
    ].map(([, file]) => file);
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('has every folder of src on its map', () => {
    for (const room of readdirSync('src'))
      expect(text).toMatch(new RegExp(`^\\| \`src/${room}\` `, 'm'));
  });

  it('names scripts of package.json', () => {
    const { scripts } = json('package.json') as { scripts: Record<string, string> };
    const named = [...text.matchAll(/`npm (?:run )?(\w[\w:]*)[ `]/g)].map(([, script]) => script);
    expect(named.length).toBeGreaterThan(5);
    for (const script of named.filter((each) => each !== 'ci'))
      expect(scripts).toHaveProperty(script);
  });
});

it('docs/architecture.md names files of src that exist', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const files = Array.from(page.matchAll(/`([a-z][\w/]*\/\w+\.tsx?)`/g), ([, file]) => file);
  expect(files.length).toBeGreaterThan(60);
  expect(files.filter((file) => !existsSync(join('src', file)))).toEqual([]);
});

it('the launch configurations start tasks and programs that exist', () => {
  const { tasks } = json('.vscode/tasks.json') as {
    tasks: { label: string; dependsOn?: string }[];
  };
  const { configurations } = json('.vscode/launch.json') as {
    configurations: { preLaunchTask: string; program?: string }[];
  };
  const labels = tasks.map(({ label }) => label);
  for (const { preLaunchTask, program } of configurations) {
    expect(labels).toContain(preLaunchTask);
    if (program) expect(existsSync(join(program.replace('${workspaceFolder}', '.')))).toBe(true);
  }
  for (const { dependsOn } of tasks) if (dependsOn) expect(labels).toContain(dependsOn);
});
