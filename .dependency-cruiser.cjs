/** The layers of docs/architecture.md, checked. A rule names what a layer must not reach. */
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
    layer('util-is-a-leaf', '^src/util/', '^src/(?!util/)'),
    layer('runtime-knows-nothing-of-nlvr', '^src/runtime/', '^src/(?!runtime/|util/)'),
    layer('config-stands-alone', '^src/config/', '^src/(?!config/|util/)'),
    layer(
      'ranks-know-nothing-of-nlvr',
      '^src/distributed/',
      '^src/(?!distributed/|runtime/|util/)',
    ),
    layer('run-folder-needs-only-config', '^src/run/', '^src/(?!run/|config/|util/)'),
    layer('data-knows-no-model', '^src/data/', '^src/(?!data/|config/|util/)'),
    layer(
      'analysis-needs-only-predictions',
      '^src/analysis/',
      '^src/(?!analysis/|run/|data/|config/|util/)',
    ),
    layer(
      'assistants-read-runs-and-configurations',
      '^src/assistant/',
      '^src/(?!assistant/|analysis/|run/|data/|config/|util/)',
    ),
    layer('model-knows-no-training', '^src/model/', '^src/(?!model/|runtime/|config/|util/)'),
    layer('trainer-has-no-editor', '^src/(train|cli)/', '^src/(extension|webview)/'),
    layer('host-never-trains', '^src/extension/', '^src/(train|runtime|cli)/'),
    {
      name: 'host-sees-only-contracts-of-webviews',
      severity: 'error',
      from: { path: '^src/extension/' },
      to: { path: '^src/webview/', pathNot: 'messages\\.ts$' },
    },
    // A pure function of one file may be shared: there is one format of a duration and of bytes, one exchange of left and right, one scale of colours.
    layer(
      'webviews-import-only-their-contract',
      '^src/webview/',
      '^src/(?!webview/|util/(?:duration|formatBytes|heatMap|sides)\\.ts$)',
    ),
    {
      name: 'webview-panels-are-apart',
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
