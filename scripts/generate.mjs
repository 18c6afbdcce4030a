// Generates the files that are derived from src/config/definitions (the JSON schema, docs/configuration.md), from the imports
// of src (the diagrams of docs/architecture.md), from src/run/openFormat.ts (the JSON schemas of the run folder, the tables
// of docs/run-folder.md) and from src/assistant/definitions.ts (the language model tools in package.json), and
// ThirdPartyNotices.txt. Generated sections are between markers. `--check` writes nothing and fails if a file is stale.
import { build } from 'esbuild';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { notices } from './notices.mjs';
import { folderDiagrams } from './diagrams.mjs';
import { runSchemas } from './runSchemas.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');

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
const { configSchema, configurationPage, toolDefinitions } = await import(
  `data:text/javascript;base64,${code}`
);

/** Returns a page with its generated sections replaced, which must be between markers. */
function withParts(name, parts) {
  return Object.entries(parts).reduce(
    (page, [part, content]) => {
      const place = new RegExp(`(<!-- ${part}: begin -->)[^]*(<!-- ${part}: end -->)`);
      if (!place.test(page)) throw new Error(`${name} has no place for ${part}`);
      return page.replace(place, (_, from, to) => `${from}\n\n${content}\n\n${to}`);
    },
    readFileSync(join(root, name), 'utf8'),
  );
}

/** Returns package.json with the contributions of the language model tools. */
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
for (const [name, parts] of [
  ['docs/run-folder.md', tables],
  ['docs/architecture.md', folderDiagrams()],
])
  outputs[name] = withParts(name, parts);

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
    `${stale.join(', ')}: not what src/config/definitions, src/run/openFormat.ts, src/assistant/definitions.ts, the imports of src and the bundled packages say. Run npm run generate.`,
  );
  process.exitCode = 1;
}
