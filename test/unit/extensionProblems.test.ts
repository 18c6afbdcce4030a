import { describe, expect, it } from 'vitest';
import type * as checkProblems from '../../src/extension/dataset/checkProblems';
import type { CheckProblem } from '../../src/extension/dataset/checkReport';
import { DiagnosticsStore } from '../../src/extension/dataset/diagnosticsStore';
import { loadWithVscode, nothing } from './fakeVscode';

const problem = (message: string, file = ''): CheckProblem => ({
  severity: 'warning',
  code: 'x',
  message,
  file,
});
const messages = (book: DiagnosticsStore, file: string) =>
  book.of(file).map(({ message }) => message);

interface Shown {
  range: { args: number[] };
  message: string;
  code: string | { value: string; target: { address: string } };
}

describe('the Problems view', () => {
  it('shows up to a hundred cases of a kind at their positions, and links to a list of all', async () => {
    const shown: Shown[] = [];
    let list: (uri: { address: string }) => string = () => '';
    class Kept {
      readonly args: unknown[];
      constructor(...args: unknown[]) {
        this.args = args;
      }
    }
    class Diagnostic {
      constructor(
        readonly range: unknown,
        readonly message: string,
      ) {}
    }
    const uri = (parts: Record<string, string>) => ({
      ...parts,
      toString: () => JSON.stringify(parts),
    });
    const { CheckProblems } = await loadWithVscode<typeof checkProblems>(
      'src/extension/dataset/checkProblems.ts',
      {
        Range: Kept,
        Diagnostic,
        Uri: nothing({ from: uri, file: (fsPath: string) => ({ fsPath }) }),
        l10n: {
          t: (text: string, ...values: unknown[]) =>
            text.replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)])),
        },
        languages: nothing({
          createDiagnosticCollection: () =>
            nothing({ set: (_: unknown, found: Shown[]) => shown.push(...found) }),
        }),
        workspace: nothing({
          registerTextDocumentContentProvider: (
            _: string,
            provider: { provideTextDocumentContent: typeof list },
          ) => {
            list = (document) => provider.provideTextDocumentContent(document);
          },
        }),
      },
    );
    const cases = Array.from({ length: 120 }, (_, i) => ({
      message: `${i}.png`,
      line: 1,
      column: 10 * i + 1,
      endColumn: 10 * i + 9,
      identifier: `dev-${i}-0-0`,
    }));
    new CheckProblems().show(
      [
        {
          ...problem('120 of 120 images are missing: …', '/val.json'),
          summary: { message: '120 of 120 images are missing.' },
          cases,
          count: 120,
          split: 'val',
        },
      ],
      { fsPath: '/nlvr.yaml' } as never,
    );
    expect(shown).toHaveLength(101);
    expect(shown[7].range.args).toEqual([0, 70, 0, 78]);
    expect(shown[7].message).toBe('val: 7.png – 120 of 120 images are missing.');
    const { code } = shown[100];
    if (typeof code === 'string') throw new Error('it opens no list');
    const lines = list(code.target).split('\n');
    expect(lines).toHaveLength(123);
    expect(lines[121]).toBe('/val.json:1:1191: dev-119-0-0: 119.png');
  });
});

it('does not repeat problems that the language features of an open configuration report', async () => {
  const shown = new Map<string, number>();
  const textDocuments: { uri: { fsPath: string } }[] = [];
  const listeners: ((document: { uri: { fsPath: string } }) => void)[] = [];
  const listen = (listener: (typeof listeners)[number]) => listeners.push(listener);
  const { CheckProblems } = await loadWithVscode<typeof checkProblems>(
    'src/extension/dataset/checkProblems.ts',
    {
      Uri: nothing({ file: (fsPath: string) => ({ fsPath }) }),
      languages: nothing({
        createDiagnosticCollection: () =>
          nothing({
            set: ({ fsPath }: { fsPath: string }, found: unknown[]) =>
              shown.set(fsPath, found.length),
          }),
      }),
      workspace: nothing({
        textDocuments,
        onDidOpenTextDocument: listen,
        onDidCloseTextDocument: listen,
      }),
    },
  );
  const configuration = { uri: { fsPath: '/nlvr.yaml' } };
  new CheckProblems().show(
    [
      { ...problem('has 30522 rows', '/bert.json'), code: 'conflict' },
      { ...problem('gone.png', '/val.json'), code: 'missing-image' },
    ],
    configuration.uri as never,
  );
  expect(Object.fromEntries(shown)).toEqual({ '/bert.json': 1, '/val.json': 1 });
  textDocuments.push(configuration);
  for (const listener of listeners) listener(configuration);
  expect(Object.fromEntries(shown)).toEqual({ '/bert.json': 0, '/val.json': 1 });
  textDocuments.pop();
  for (const listener of listeners) listener(configuration);
  expect(Object.fromEntries(shown)).toEqual({ '/bert.json': 1, '/val.json': 1 });
});

describe('DiagnosticsStore', () => {
  it('keeps the problems of other configurations', () => {
    const book = new DiagnosticsStore();
    book.replace('/a/nlvr.yaml', [problem('a'), problem('train of a', '/a/train.json')]);
    expect(book.replace('/b/nlvr.yaml', [problem('b')])).toEqual(['/b/nlvr.yaml']);
    expect(messages(book, '/a/nlvr.yaml')).toEqual(['a']);
    expect(messages(book, '/a/train.json')).toEqual(['train of a']);
    expect(messages(book, '/b/nlvr.yaml')).toEqual(['b']);
  });

  it('returns the files that no longer have problems, so that they are cleared', () => {
    const book = new DiagnosticsStore();
    book.replace('/nlvr.yaml', [problem('old', '/train.json')]);
    expect(book.replace('/nlvr.yaml', [problem('new', '/val.json')])).toEqual([
      '/train.json',
      '/val.json',
    ]);
    expect(messages(book, '/train.json')).toEqual([]);
    expect(book.replace('/nlvr.yaml', [])).toEqual(['/val.json']);
  });

  it('reports the problems of a file that two configurations share once', () => {
    const book = new DiagnosticsStore();
    book.replace('/a.nlvr.yaml', [problem('line 3', '/train.json'), problem('a', '/train.json')]);
    book.replace('/b.nlvr.yaml', [problem('line 3', '/train.json')]);
    expect(messages(book, '/train.json')).toEqual(['line 3', 'a']);
    book.replace('/a.nlvr.yaml', []);
    expect(messages(book, '/train.json')).toEqual(['line 3']);
    book.forget('/train.json');
    expect(messages(book, '/train.json')).toEqual([]);
  });
});
