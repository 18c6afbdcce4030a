import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { blipMedConfig } from '../../src/config/medConfig';
import { modelConfig } from '../../src/model/config';
import { type DownloadProgress, cachedName, download } from '../../src/model/download';
import { loadWeights } from '../../src/model/loadWeights';

const content = Buffer.from(
  Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 2654435761) >>> 24),
);
const etag = '"v1"';

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;
let handler: Handler;
let requests: IncomingMessage[] = [];
let server: Server;
let folder: string;
const url = (path = '/weights.pth'): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const at = (address = url()): string => join(folder, cachedName(address));
const fetchIt = (
  address = url(),
  onProgress?: (progress: DownloadProgress) => void,
): Promise<string> =>
  download(address, { folder, retryDelay: () => 1, ...(onProgress && { onProgress }) });

/** Serves `content` as a well-behaved server does. */
function serve(request: IncomingMessage, response: ServerResponse, cutAfter = Infinity): void {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const valid = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const start = range && valid ? Number(range[1]) : 0;
  response.writeHead(range && valid ? 206 : 200, {
    etag,
    'content-length': content.length - start,
    ...(range &&
      valid && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  const body = content.subarray(start, start + cutAfter);
  if (body.length === content.length - start) response.end(body);
  else response.write(body, () => response.destroy());
}

beforeAll(async () => {
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'])
    vi.stubEnv(name, '');
  server = createServer((request, response) => {
    requests.push(request);
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = [];
  handler = (request, response) => serve(request, response);
  folder = mkdtempSync(join(tmpdir(), 'nlvr-download-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a download', () => {
  it('happens once, with progress', async () => {
    const updates: DownloadProgress[] = [];
    const file = await fetchIt(url(), (progress) => updates.push(progress));
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(updates[0]).toEqual({ received: 0, total: content.length });
    expect(updates.at(-1)).toEqual({ received: content.length, total: content.length });
    expect(await fetchIt()).toBe(file);
    expect(requests.length).toBe(1);
    expect(readdirSync(folder)).toEqual([cachedName(url())]);
  });

  it('continues where an interrupted connection stopped', async () => {
    handler = (request, response, count) =>
      serve(request, response, count < 4 ? 700_000 : Infinity);
    const file = await fetchIt();
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(requests.length).toBe(4);
    for (const { headers } of requests.slice(1)) {
      expect(headers['if-range']).toBe(etag);
      expect(Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1])).toBeGreaterThan(0);
    }
  });

  it('continues in another process, and writes the final file only when it is complete', async () => {
    handler = (request, response, count) =>
      count === 1 ? serve(request, response, 1_000_000) : response.destroy();
    await expect(fetchIt()).rejects.toMatchObject({
      message: expect.stringMatching(/could not be downloaded/) as string,
      hint: expect.stringMatching(/The download resumes where it stopped/) as string,
      exitCode: 2,
    });
    expect(existsSync(at())).toBe(false);
    requests = [];
    handler = (request, response) => serve(request, response);
    expect(readFileSync(await fetchIt()).equals(content)).toBe(true);
    expect(requests[0]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('starts over when the file has changed on the server', async () => {
    writeFileSync(`${at()}.part`, Buffer.alloc(500, 1));
    writeFileSync(
      `${at()}.part.json`,
      JSON.stringify({ url: url(), validator: '"old"', total: 3_000_000 }),
    );
    expect(readFileSync(await fetchIt()).equals(content)).toBe(true);
    expect(requests[0]?.headers['if-range']).toBe('"old"');
  });

  it('starts over when the server refuses the range', async () => {
    writeFileSync(`${at()}.part`, Buffer.alloc(content.length + 1));
    writeFileSync(
      `${at()}.part.json`,
      JSON.stringify({ url: url(), validator: etag, total: null }),
    );
    handler = (request, response) => {
      if (request.headers.range) response.writeHead(416).end();
      else serve(request, response);
    };
    expect(readFileSync(await fetchIt()).equals(content)).toBe(true);
  });

  it('does not resume with a weak validator', async () => {
    handler = (_request, response, count) => {
      response.writeHead(200, { etag: 'W/"v1"', 'content-length': content.length });
      if (count === 1) response.write(content.subarray(0, 1_000_000), () => response.destroy());
      else response.end(content);
    };
    expect(readFileSync(await fetchIt()).equals(content)).toBe(true);
    expect(requests[1]?.headers.range).toBeUndefined();
  });

  it('retries after a temporary error', async () => {
    handler = (request, response, count) =>
      count < 3 ? void response.writeHead(503).end() : serve(request, response);
    expect(readFileSync(await fetchIt()).equals(content)).toBe(true);
  });

  it.each([
    [404, /404.*$/, /Check the address/],
    [403, /403/, /login/],
  ])('reports the status of the server: %i', async (status, message, hint) => {
    handler = (_request, response) => void response.writeHead(status).end('no');
    await expect(fetchIt()).rejects.toMatchObject({
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    });
    expect(requests.length).toBe(1);
  });

  it('follows redirects, but not to addresses without encryption', async () => {
    handler = (request, response) => {
      if (request.url === '/weights.pth') response.writeHead(302, { location: '/real' }).end();
      else if (request.url === '/away')
        response.writeHead(302, { location: 'http://example.org/' }).end();
      else serve(request, response);
    };
    expect(readFileSync(await fetchIt()).equals(content)).toBe(true);
    await expect(fetchIt(url('/away'))).rejects.toThrow(
      'http://example.org/ is not an https address',
    );
    await expect(fetchIt('http://example.org/w.pth')).rejects.toThrow('is not an https address');
  });

  it('refuses more bytes than announced', async () => {
    handler = (_request, response) => {
      response.socket?.end(
        'HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-9/10\r\nconnection: close\r\n\r\n' +
          'x'.repeat(2000),
      );
    };
    await expect(fetchIt()).rejects.toThrow('more bytes than its Content-Length');
    expect(existsSync(at())).toBe(false);
  });

  it('stops on request', async () => {
    handler = (_request, response) => {
      response.writeHead(200, { etag, 'content-length': content.length });
      response.write(content.subarray(0, 1000));
    };
    const controller = new AbortController();
    const running = download(url(), {
      folder,
      signal: controller.signal,
      onProgress: ({ received }) => received > 0 && controller.abort(),
    });
    await expect(running).rejects.toThrow(/abort/i);
  });

  it('waits for another process that downloads the same file, unless it has ended', async () => {
    const lock = `${at()}.lock`;
    mkdirSync(lock);
    const running = fetchIt();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requests.length).toBe(0);
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(lock, longAgo, longAgo);
    expect(readFileSync(await running).equals(content)).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  it('goes through the proxy of the environment', async () => {
    const tunnels: string[] = [];
    const proxy = createServer().on('connect', (request, client) => {
      tunnels.push(request.url ?? '');
      const [host = '', port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('no_proxy', '');
    vi.stubEnv('NO_PROXY', '');
    try {
      expect(readFileSync(await fetchIt()).equals(content)).toBe(true);
      expect(tunnels).toEqual([new URL(url()).host]);
    } finally {
      vi.stubEnv('http_proxy', '');
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});

it('uses a different file name for each address', () => {
  const a = cachedName('https://example.org/a/model%20base.pth?x=1');
  expect(a).toMatch(/^[0-9a-f]{12}-model_base\.pth$/);
  expect(cachedName('https://example.org/b/model%20base.pth?x=1')).not.toBe(a);
  expect(cachedName('https://example.org/')).toMatch(/-download$/);
});

it('discards a damaged download, so that the next attempt can succeed', async () => {
  const config = modelConfig(
    {
      image_size: 32,
      vit: 'tiny',
      vit_grad_ckpt: false,
      vit_ckpt_layer: 0,
      drop_path_rate: 0,
      med_config: '',
    },
    { ...blipMedConfig },
  );
  await expect(loadWeights(url(), config, { folder })).rejects.toThrow('cannot be read');
  expect(existsSync(at())).toBe(false);
});
