import { describe, expect, it } from 'vitest';
import type { CheckProblem } from '../../src/extension/dataset/checkReport';
import { ProblemBook } from '../../src/extension/dataset/problemBook';

const problem = (message: string, file = ''): CheckProblem => ({
  severity: 'warning',
  code: 'x',
  message,
  file,
});
const messages = (book: ProblemBook, file: string) => book.of(file).map(({ message }) => message);

describe('ProblemBook', () => {
  it('keeps what the checks of other configurations found', () => {
    const book = new ProblemBook();
    book.replace('/a/nlvr.yaml', [problem('a'), problem('train of a', '/a/train.json')]);
    expect(book.replace('/b/nlvr.yaml', [problem('b')])).toEqual(['/b/nlvr.yaml']);
    expect(messages(book, '/a/nlvr.yaml')).toEqual(['a']);
    expect(messages(book, '/a/train.json')).toEqual(['train of a']);
    expect(messages(book, '/b/nlvr.yaml')).toEqual(['b']);
  });

  it('names the files that have problems no longer, so that they are cleared', () => {
    const book = new ProblemBook();
    book.replace('/nlvr.yaml', [problem('old', '/train.json')]);
    expect(book.replace('/nlvr.yaml', [problem('new', '/val.json')])).toEqual([
      '/train.json',
      '/val.json',
    ]);
    expect(messages(book, '/train.json')).toEqual([]);
    expect(book.replace('/nlvr.yaml', [])).toEqual(['/val.json']);
  });

  it('tells what two configurations say of a file they share once', () => {
    const book = new ProblemBook();
    book.replace('/a.nlvr.yaml', [problem('line 3', '/train.json'), problem('a', '/train.json')]);
    book.replace('/b.nlvr.yaml', [problem('line 3', '/train.json')]);
    expect(messages(book, '/train.json')).toEqual(['line 3', 'a']);
    book.replace('/a.nlvr.yaml', []);
    expect(messages(book, '/train.json')).toEqual(['line 3']);
    book.forget('/train.json');
    expect(messages(book, '/train.json')).toEqual([]);
  });
});
