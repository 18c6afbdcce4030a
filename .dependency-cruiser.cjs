/** Rules for the layers of docs/architecture.md. Each rule forbids imports of a layer. */
const layer = (name, from, notTo) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: notTo },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Type-only imports count: options.tsPreCompilationDeps.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-extension-imports-vscode',
      severity: 'error',
      from: { pathNot: '^(src/extension|test/e2e)/' },
      to: { path: '^vscode$|@types/vscode' },
    },
    layer('util-imports-no-layer', '^src/util/', '^src/(?!util/)'),
    layer('runtime-is-independent-of-nlvr', '^src/runtime/', '^src/(?!runtime/|util/)'),
    layer('config-imports-only-util', '^src/config/', '^src/(?!config/|util/)'),
    layer(
      'distributed-is-independent-of-nlvr',
      '^src/distributed/',
      '^src/(?!distributed/|runtime/|util/)',
    ),
    layer('run-imports-only-config', '^src/run/', '^src/(?!run/|config/|util/)'),
    layer('data-is-independent-of-the-model', '^src/data/', '^src/(?!data/|config/|util/)'),
    layer(
      'analysis-is-independent-of-the-model',
      '^src/analysis/',
      '^src/(?!analysis/|run/|data/|config/|util/)',
    ),
    layer(
      'assistant-only-reads-runs-and-configurations',
      '^src/assistant/',
      '^src/(?!assistant/|analysis/|run/|data/|config/|util/)',
    ),
    layer(
      'model-is-independent-of-training',
      '^src/model/',
      '^src/(?!model/|runtime/|config/|util/)',
    ),
    layer('trainer-is-independent-of-the-editor', '^src/(train|cli)/', '^src/(extension|webview)/'),
    layer(
      'extension-is-independent-of-the-trainer',
      '^src/extension/',
      '^src/(train|runtime|cli)/',
    ),
    {
      name: 'extension-imports-only-messages-of-webviews',
      severity: 'error',
      from: { path: '^src/extension/' },
      to: { path: '^src/webview/', pathNot: 'messages\\.ts$' },
    },
    // Pure functions in a single file may be shared: formats of durations and bytes, swapping of left and right, the color scale.
    layer(
      'webviews-import-only-shared-functions',
      '^src/webview/',
      '^src/(?!webview/|util/(?:duration|formatBytes|heatMap|sides)\\.ts$)',
    ),
    {
      name: 'webview-panels-are-independent',
      severity: 'error',
      from: { path: '^src/webview/(dashboard|failures|config|analysis|runs|comparison)/' },
      to: { path: '^src/webview/(?!shared/)', pathNot: '^src/webview/$1/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.json'],
    },
  },
};
