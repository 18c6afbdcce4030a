// Writes what is derived from src/config/definition.ts (the JSON schema, docs/configuration.md and the README's table),
// from src/run/openFormat.ts (the JSON schemas of the run folder, the tables of docs/run-folder.md) and from
// src/assistant/definitions.ts (the language model tools in package.json), and ThirdPartyNotices.txt. Tables stand
// between markers. `--check` writes nothing and fails when a file is stale.
import { build } from 'esbuild';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { notices } from './notices.mjs';
import { runSchemas } from './runSchemas.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');
const begin = '<!-- configuration: begin -->';
const end = '<!-- configuration: end -->';

const bundle = await build({
  stdin: {
    contents:
      "export * from './src/config/schema'; export * from './src/config/markdown'; export * from './src/assistant/definitions';",
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
});
const code = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
const { configSchema, configurationPage, configurationTables, toolDefinitions } = await import(
  `data:text/javascript;base64,${code}`
);

/** README.md with its table renewed; as it is when it has no markers. */
function readme(text) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) return text;
  return `${text.slice(0, from + begin.length)}\n\n${configurationTables()}\n\n${text.slice(to)}`;
}

/** docs/run-folder.md with its tables renewed; every one must have its place. */
function withTables(text) {
  return Object.entries(tables).reduce((page, [name, table]) => {
    const place = new RegExp(`(<!-- ${name}: begin -->)[^]*(<!-- ${name}: end -->)`);
    if (!place.test(page)) throw new Error(`docs/run-folder.md has no place for the table ${name}`);
    return page.replace(place, (_, from, to) => `${from}\n\n${table}\n\n${to}`);
  }, text);
}

/** package.json with what VS Code is to know of the language model tools. */
function manifest(text) {
  const content = JSON.parse(text);
  content.contributes.languageModelTools = toolDefinitions.map((tool) => ({
    name: tool.name,
    toolReferenceName: tool.reference,
    displayName: `%tool.${tool.reference}%`,
    userDescription: `%tool.${tool.reference}.description%`,
    modelDescription: tool.description,
    canBeReferencedInPrompt: true,
    icon: '$(graph-line)',
    tags: ['nlvr', 'machine-learning'],
    when: 'isWorkspaceTrusted',
    inputSchema: tool.input,
  }));
  return JSON.stringify(content, null, 2);
}

const outputs = {
  'package.json': manifest(readFileSync(join(root, 'package.json'), 'utf8')),
  'configs/nlvr.schema.json': JSON.stringify(configSchema()),
  'docs/configuration.md': configurationPage(),
  'ThirdPartyNotices.txt': notices(),
};
const { schemas, tables } = runSchemas();
for (const [name, schema] of Object.entries(schemas)) outputs[name] = JSON.stringify(schema);
const runFolderPage = 'docs/run-folder.md';
outputs[runFolderPage] = withTables(readFileSync(join(root, runFolderPage), 'utf8'));
const readmeFile = join(root, 'README.md');
if (existsSync(readmeFile)) outputs['README.md'] = readme(readFileSync(readmeFile, 'utf8'));

const stale = [];
for (const [name, content] of Object.entries(outputs)) {
  const file = join(root, name);
  const options = (await prettier.resolveConfig(file)) ?? {};
  const text = name.endsWith('.txt')
    ? content
    : await prettier.format(content, { ...options, filepath: file });
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  stale.push(name);
  if (!check) writeFileSync(file, text);
}
if (check && stale.length > 0) {
  console.error(
    `${stale.join(', ')}: not what src/config/definition.ts, src/run/openFormat.ts, src/assistant/definitions.ts and the bundled packages say. Run npm run generate.`,
  );
  process.exitCode = 1;
}
