import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type * as analyzing from '../../src/extension/analysis/textReport';
import { AnalysisProject, type Annotation } from './analysisSupport';
import { loadWithVscode, nothing } from './fakeVscode';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const annotations = readFileSync(
  join(import.meta.dirname, '..', 'data', 'nlvr2', 'dev.json'),
  'utf8',
)
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Annotation);

/** Opens the text report of a run from its panel. @returns the name and the text of the document that is shown */
async function callAnalyze(folder: string, slices: unknown) {
  interface Provider {
    provideTextDocumentContent(uri: unknown): string;
  }
  let provider: Provider | undefined;
  const shown: { path: string; text: string }[] = [];
  const { showAnalysisText } = await loadWithVscode<typeof analyzing>(
    'src/extension/analysis/textReport.ts',
    {
      Uri: { from: (parts: { path: string }) => parts },
      l10n: { t: (text: string, value: unknown) => text.replace('{0}', String(value)) },
      workspace: nothing({
        isTrusted: true,
        getConfiguration: () => ({ get: (key: string) => (key === 'slices' ? slices : '') }),
        registerTextDocumentContentProvider: (_: string, given: Provider) => (provider = given),
        openTextDocument: (uri: { path: string }) => Promise.resolve(uri),
      }),
      window: nothing({
        withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
          task(nothing(), nothing()),
        showTextDocument: ({ path }: { path: string }) => {
          shown.push({ path, text: provider?.provideTextDocumentContent({ path }) ?? '' });
          return Promise.resolve();
        },
      }),
    },
  );
  const services = {
    context: { subscriptions: [] },
    program: () => Promise.resolve({ executable: process.execPath, cli, environment: {} }),
  };
  await showAnalysisText(
    services as unknown as Parameters<typeof showAnalysisText>[0],
    folder,
    'theirs',
    { split: 'val', epoch: 1 },
  );
  return shown;
}

it('Open as Text shows the report, with the slices of the settings, which are checked first', async () => {
  const project = new AnalysisProject(annotations);
  const run = await project.import('run', (i) => i % 3 > 0, { epoch: 1 });
  const [report] = await callAnalyze(run, [{ name: 'drinks', pattern: '\\b(beer|bottles?)\\b' }]);
  expect(report.path).toBe('/theirs val epoch 2.txt');
  expect(report.text).toMatch(/^run, val after epoch 1: 36 labeled examples\n/);
  expect(report.text).toMatch(/^[ *] drinks +\d+ +\d/m);
  await expect(callAnalyze(run, [{ name: 'drinks', pattern: '(' }])).rejects.toThrow(
    /nlvr\.slices: the pattern of slice drinks is not a valid regular expression/,
  );
});
