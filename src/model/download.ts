/** Downloads a file into the user's cache, once. An interrupted download resumes where it stopped. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Dispatcher, Response } from 'undici';
import { syncFolder, writeFileAtomic } from '../util/atomicFile';
import { makeCacheFolder } from '../util/cacheFolder';
import { formatBytes } from '../util/formatBytes';
import { localize } from '../util/localize';
import { UserError, errnoOf, messageOf } from '../util/userError';
import { withDownloadLock } from './downloadLock';

export interface DownloadProgress {
  received: number;
  /** Size of the file; null if the server does not send it. */
  total: number | null;
}

export interface DownloadOptions {
  /** Folder of the file, created if missing. */
  folder: string;
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
  /** Milliseconds to wait after the n-th failed attempt in a row. */
  retryDelay?: (attempt: number) => number;
}

/** Attempts in a row that receive no data. */
const MAX_FAILED_ATTEMPTS = 5;
const MAX_REDIRECTS = 10;

/** Metadata of a partial file, stored next to it. */
interface PartialInfo {
  url: string;
  /** Strong ETag or Last-Modified date; without one a download cannot be resumed. */
  validator: string | null;
  total: number | null;
}

/** A network or server error after which another attempt may succeed. */
class TransientError extends Error {}

/** File name of an address in the cache: readable, and unique for each address. */
export function cachedName(url: string): string {
  const base = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');
  const readable = base.replace(/[^\w.-]+/g, '_').slice(-80) || 'download';
  return `${createHash('sha256').update(url).digest('hex').slice(0, 12)}-${readable}`;
}

/**
 * Downloads the file of an https address unless it is in the cache. Proxies are read from the environment (HTTPS_PROXY,
 * NO_PROXY). A partial file has another name, so that a file with the final name is complete.
 * @returns the path of the file.
 * @throws {UserError} with the error of the server or the network.
 */
export async function download(url: string, options: DownloadOptions): Promise<string> {
  checkAddress(url);
  const file = join(options.folder, cachedName(url));
  if (existsSync(file)) return file;
  makeCacheFolder(options.folder);
  const dispatcher = new EnvHttpProxyAgent({ headersTimeout: 60_000, bodyTimeout: 60_000 });
  try {
    await withDownloadLock(file, options.signal, async () => {
      if (!existsSync(file)) await fetchWithRetries(url, file, dispatcher, options);
    });
    return file;
  } catch (error) {
    throw asUserError(error, url, options.folder);
  } finally {
    // `close` waits for pending requests, which may never end.
    await (options.signal?.aborted ? dispatcher.destroy() : dispatcher.close());
  }
}

function checkAddress(url: string): void {
  const { protocol, hostname } = new URL(url);
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && loopback)) return;
  throw new UserError(localize('{0} is not an https address.', url), {
    hint: localize(
      'Weights are downloaded over https only. Use an https address, or download the file yourself and specify its path.',
    ),
  });
}

async function fetchWithRetries(
  url: string,
  file: string,
  dispatcher: Dispatcher,
  options: DownloadOptions,
): Promise<void> {
  const part = `${file}.part`;
  const wait = options.retryDelay ?? ((attempt) => 1000 * 2 ** attempt);
  for (let failures = 0; ;) {
    const before = await sizeOf(part);
    try {
      await fetchRest(url, part, dispatcher, options);
      break;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      failures = (await sizeOf(part)) > before ? 0 : failures + 1;
      if (failures >= MAX_FAILED_ATTEMPTS) throw error;
      await delay(wait(failures), undefined, options.signal && { signal: options.signal });
    }
  }
  await rename(part, file);
  await rm(`${part}.json`, { force: true });
  syncFolder(options.folder);
}

/** Sends one request, which continues the partial file if possible. Returns when the file is complete. */
async function fetchRest(
  url: string,
  part: string,
  dispatcher: Dispatcher,
  options: DownloadOptions,
): Promise<void> {
  const known = await readPartialInfo(part, url);
  const existing = known?.validator ? await sizeOf(part) : 0;
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (known?.validator && existing > 0) {
    headers['range'] = `bytes=${existing}-`;
    headers['if-range'] = known.validator;
  }
  const response = await get(url, dispatcher, headers, options.signal);
  const { start, total } = contentRange(response, existing);
  if (start === null) {
    // The file on the server differs from the partial file: start over.
    await response.body?.cancel();
    await rm(part, { force: true });
    throw new TransientError('the file has changed on the server');
  }
  const info: PartialInfo = { url, validator: validatorOf(response), total };
  writeFileAtomic(`${part}.json`, JSON.stringify(info));
  await checkSpace(part, (total ?? 0) - start);
  await append(response, part, start, total, options);
}

async function get(
  url: string,
  dispatcher: Dispatcher,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let address = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    let response: Response;
    try {
      response = await fetch(address, {
        dispatcher,
        headers,
        redirect: 'manual',
        ...(signal && { signal }),
      });
    } catch (error) {
      throw new TransientError(reason(error), { cause: error });
    }
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || !location) return response;
    await response.body?.cancel();
    address = new URL(location, address).href;
    checkAddress(address);
  }
  throw new UserError(localize('{0} redirects more than {1} times.', url, MAX_REDIRECTS));
}

/** Position of the response's bytes in the file; `start` is null if they do not continue the partial file. */
function contentRange(
  response: Response,
  have: number,
): { start: number | null; total: number | null } {
  const length = Number(response.headers.get('content-length') ?? NaN);
  switch (response.status) {
    case 200:
      return { start: 0, total: Number.isSafeInteger(length) ? length : null };
    case 206: {
      const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
      if (!range || Number(range[1]) !== have) return { start: null, total: null };
      return { start: have, total: Number(range[2]) };
    }
    case 416:
      return { start: null, total: null };
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      throw new TransientError(`the server answered ${response.status} ${response.statusText}`);
    default:
      throw new UserError(
        localize(
          '{0} cannot be downloaded: the server answered {1} {2}.',
          response.url,
          response.status,
          response.statusText,
        ),
        {
          hint: localize(
            response.status === 401 || response.status === 403
              ? 'The address requires a login. Download the file yourself and specify its path.'
              : 'Check the address.',
          ),
        },
      );
  }
}

async function append(
  response: Response,
  part: string,
  start: number,
  total: number | null,
  { onProgress }: DownloadOptions,
): Promise<void> {
  const file = await open(part, start === 0 ? 'w' : 'r+');
  let received = start;
  try {
    onProgress?.({ received, total });
    try {
      for await (const chunk of response.body ?? []) {
        const bytes = chunk as Uint8Array;
        if (total !== null && received + bytes.length > total)
          throw new UserError(
            localize('{0} sends more bytes than its Content-Length.', response.url),
          );
        await file.write(bytes, 0, bytes.length, received);
        received += bytes.length;
        onProgress?.({ received, total });
      }
    } catch (error) {
      if (
        error instanceof UserError ||
        (error instanceof Error && 'syscall' in error && errnoOf(error) === 'ENOSPC')
      )
        throw error;
      throw new TransientError(reason(error), { cause: error });
    }
    if (total !== null && received < total)
      throw new TransientError(`the connection ended after ${received} of ${total} bytes`);
    await file.sync();
  } finally {
    await file.close();
  }
}

function validatorOf(response: Response): string | null {
  const etag = response.headers.get('etag');
  // If-Range accepts only strong validators (RFC 9110, 13.1.5).
  if (etag && !etag.startsWith('W/')) return etag;
  return response.headers.get('last-modified');
}

async function readPartialInfo(part: string, url: string): Promise<PartialInfo | undefined> {
  try {
    const info = JSON.parse(await readFile(`${part}.json`, 'utf8')) as PartialInfo;
    return info.url === url ? info : undefined;
  } catch {
    return undefined;
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}

async function checkSpace(part: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(join(part, '..'));
  if (needed <= bavail * bsize) return;
  throw new UserError(
    localize(
      'There is not enough disk space for the download: it needs {0}, the disk of {1} has {2} free.',
      formatBytes(needed),
      part,
      formatBytes(bavail * bsize),
    ),
    { hint: localize('Free some space, or set NLVR_CACHE_DIR to a folder on another disk.') },
  );
}

/** The message of an error's cause, which is where undici has the reason. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(cause ?? error);
}

function asUserError(error: unknown, url: string, folder: string): unknown {
  if (error instanceof TransientError)
    return new UserError(localize('{0} could not be downloaded: {1}.', url, error.message), {
      hint: localize(
        'Check the network and the proxy settings (HTTPS_PROXY), then start again. The download resumes where it stopped.',
      ),
      cause: error,
    });
  if (errnoOf(error) === 'ENOSPC')
    return new UserError(
      localize('The disk of {0} is full: {1} could not be downloaded.', folder, url),
      {
        hint: localize(
          'Free some space, or set NLVR_CACHE_DIR to a folder on another disk. The download resumes where it stopped.',
        ),
        cause: error,
      },
    );
  return error;
}
