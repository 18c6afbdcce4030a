import { describe, expect, it } from 'vitest';
import { isConfiguration } from '../../src/extension/configurationFiles';
import { parseCheckReport } from '../../src/extension/dataset/checkReport';
import { count, percent } from '../../src/extension/format';
import { formatBytes } from '../../src/util/formatBytes';
import { parseProgress, parseStatus } from '../../src/extension/runtimeSetup/runtimeReport';
import { escapeHtml, pageHtml } from '../../src/extension/webview/html';
import {
  Messenger,
  type MessageHandlers,
  type MessagePort,
} from '../../src/extension/webview/messenger';
import { UserError } from '../../src/util/userError';

describe('pageHtml', () => {
  const page = {
    title: 'A & B',
    language: 'en',
    cspSource: 'https://x.test',
    script: 'https://x.test/dist/webview/a.js',
    styles: ['https://x.test/dist/webview/a.css'],
  };

  it('allows only its own script by nonce, its own styles, and images', () => {
    const html = pageHtml(page, 'N0NCE');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';
    expect(policy).toContain('default-src &#39;none&#39;');
    expect(policy).toContain('script-src &#39;nonce-N0NCE&#39;');
    expect(policy).toContain('base-uri &#39;none&#39;');
    expect(policy).toContain('form-action &#39;none&#39;');
    expect(policy).not.toMatch(/unsafe/);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<script[^>]*nonce="N0NCE"/g)).toHaveLength(2);
    expect(html).toContain('<title>A &amp; B</title>');
  });

  it('has another nonce each time', () => {
    expect(pageHtml(page)).not.toBe(pageHtml(page));
  });

  it('escapes translated texts, so that they cannot end their element', () => {
    const html = pageHtml({ ...page, strings: { a: '</script><script>alert(1)</script>' } }, 'N');
    expect(html).not.toContain('<script>alert');
    const json = /id="strings"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual({ a: '</script><script>alert(1)</script>' });
  });

  it('escapes what ends attributes and elements', () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe(
      '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;',
    );
  });
});

interface TestContract {
  toWebview: { type: 'news'; n: number };
  toHost: { type: 'clicked' };
  requests: { double: { params: number; result: number }; fail: { params: null; result: never } };
}

/** Both ends of a webview's message channel. */
function channel() {
  const posted: unknown[] = [];
  let listener: (message: unknown) => void = () => undefined;
  const port: MessagePort = {
    postMessage: (message) => {
      posted.push(message);
      return Promise.resolve(true);
    },
    onDidReceiveMessage: (received) => {
      listener = received;
      return { dispose: () => (listener = () => undefined) };
    },
  };
  return { posted, port, postMessage: (message: unknown) => listener(message) };
}

describe('Messenger', () => {
  function messenger(more: Partial<MessageHandlers<TestContract>> = {}) {
    const { posted, port, postMessage } = channel();
    const failures: string[] = [];
    const received: unknown[] = [];
    const host: Messenger<TestContract> = new Messenger<TestContract>(port, {
      ready: () => host.send({ type: 'news', n: 0 }),
      message: (message) => void received.push(message),
      requests: {
        double: (n) => Promise.resolve(2 * n),
        fail: () => {
          throw new UserError('It is broken.', { hint: 'Fix it.' });
        },
      },
      failed: (error, during) => failures.push(`${during}: ${String(error)}`),
      ...more,
    });
    return { host, posted, postMessage, failures, received };
  }
  const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

  it('sends a snapshot on ready, and no message before', async () => {
    const { host, posted, postMessage } = messenger();
    host.send({ type: 'news', n: 1 });
    expect(posted).toEqual([]);
    postMessage({ frame: 'ready' });
    host.send({ type: 'news', n: 2 });
    await settled();
    const news = (n: number) => ({ frame: 'message', message: { type: 'news', n } });
    expect(posted).toEqual([news(0), news(2)]);
    host.suspend();
    host.send({ type: 'news', n: 3 });
    expect(posted).toHaveLength(2);
  });

  it('responds to every request: with a result, or a failure and its hint, also to an unknown one', async () => {
    const { posted, postMessage, failures } = messenger();
    postMessage({ frame: 'request', id: 1, name: 'double', params: 21 });
    postMessage({ frame: 'request', id: 2, name: 'fail', params: null });
    postMessage({ frame: 'request', id: 3, name: 'toString', params: null });
    await settled();
    expect(posted).toContainEqual({ frame: 'result', id: 1, result: 42 });
    expect(posted).toContainEqual({
      frame: 'failure',
      id: 2,
      failure: { message: 'It is broken.', hint: 'Fix it.' },
    });
    expect(posted).toContainEqual({
      frame: 'failure',
      id: 3,
      failure: { message: 'unknown request toString' },
    });
    expect(failures).toHaveLength(2);
  });

  it('answers a ping at any time, so that a page knows that its host is running', () => {
    const { host, posted, postMessage, failures } = messenger();
    postMessage({ frame: 'ping' });
    host.suspend();
    postMessage({ frame: 'ping' });
    expect(posted).toEqual([{ frame: 'pong' }, { frame: 'pong' }]);
    host.dispose();
    postMessage({ frame: 'ping' });
    expect(posted).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  it('passes messages to the handler, and reports invalid frames and errors of handlers', async () => {
    const { postMessage, failures, received } = messenger({
      ready: () => Promise.reject(new Error('no data')),
    });
    postMessage({ frame: 'message', message: { type: 'clicked' } });
    postMessage('hello');
    postMessage({ frame: 'message', message: 'no type' });
    postMessage({ frame: 'ready' });
    await settled();
    expect(received).toEqual([{ type: 'clicked' }]);
    expect(failures).toEqual([
      expect.stringContaining('invalid message frame'),
      expect.stringContaining('invalid message frame'),
      'ready: Error: no data',
    ]);
  });

  it('sends nothing after it was disposed, also for pending requests', async () => {
    const { host, posted, postMessage } = messenger();
    postMessage({ frame: 'request', id: 1, name: 'double', params: 1 });
    host.dispose();
    await settled();
    expect(posted).toEqual([]);
  });
});

describe('formatted numbers', () => {
  it.each([
    [0.78449, '78.4%'],
    [1, '100.0%'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('percent of %s', (share, text) => expect(percent(share)).toBe(text));
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1400, '1.4 kB'],
    [81_400_000, '81 MB'],
    [274_000_000, '274 MB'],
    [3.1e9, '3.1 GB'],
    [12.34e9, '12.3 GB'],
    [999_900, '1.0 MB'],
  ])('bytes of %s', (n, text) => expect(formatBytes(n)).toBe(text));
  it('count has the separators of the language', () => {
    expect(count(12345, 'en')).toBe('12,345');
  });
});

describe('isConfiguration', () => {
  it.each([
    ['/w/nlvr.yaml', '', true],
    ['C:\\w\\nlvr.yml', '', true],
    ['/w/large.nlvr.yaml', '', true],
    ['/w/my-nlvr.yaml', '', false],
    ['/w/config.yaml', '# nlvr', true],
    ['/w/config.yaml', '# NLVR configuration for the lab', true],
    ['/w/config.yaml', '# nlvrish', false],
    ['/w/notes.md', '# nlvr', false],
  ])('%s with first line "%s": %s', (path, first, is) => {
    expect(isConfiguration(path, first)).toBe(is);
  });
});

describe('reports of the command line', () => {
  it('a check: problems with positions, counts by split; ignores the rest', () => {
    const report = parseCheckReport(
      JSON.stringify({
        problems: [
          {
            severity: 'error',
            code: 'missing-image',
            message: 'm',
            file: '/a.json',
            line: 3,
            split: 'val',
          },
          { severity: 'odd', message: 'n' },
          'nothing',
        ],
        splits: { train: { examples: 10, images: 20, labels: { true: 5 } }, val: 'odd' },
      }),
      '',
    );
    expect(report.problems).toEqual([
      {
        severity: 'error',
        code: 'missing-image',
        message: 'm',
        file: '/a.json',
        line: 3,
        split: 'val',
      },
      { severity: 'error', code: '', message: 'n', file: '' },
    ]);
    expect(report.splits).toEqual({ train: { examples: 10, counts: { images: 20 } } });
  });

  it('a check that could not run has the reason', () => {
    expect(() => parseCheckReport('', 'The configuration file x does not exist.\n')).toThrow(
      'The configuration file x does not exist.',
    );
    expect(() => parseCheckReport('[]', '')).toThrow(/no report/);
  });

  it('the runtime', () => {
    expect(parseStatus('{"version":"2.21.0","directory":"/tf"}', '', 0)).toMatchObject({
      works: true,
      version: '2.21.0',
      directory: '/tf',
      message: null,
    });
    expect(parseStatus('', 'TensorFlow is missing.\n', 3)).toMatchObject({
      works: false,
      message: 'TensorFlow is missing.',
    });
    expect(parseProgress('{"phase":"download","done":5,"total":10}')).toEqual({
      phase: 'download',
      done: 5,
      total: 10,
    });
    expect(parseProgress('{"phase":"verify"}')).toEqual({ phase: 'verify', done: 0, total: null });
    expect(parseProgress('Collecting tensorflow-cpu')).toBeUndefined();
  });
});
