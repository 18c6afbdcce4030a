import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { inject } from 'vitest';
import type { ServerName } from '../../../scripts/testTools.mjs';
import { markedEnvironment } from './processes';
import { Server } from './server';
import { Workbench } from './workbench';

export interface OpenOptions {
  /** Absolute path of the folder or `.code-workspace` file; `scratchFolder()` creates one. */
  workspace: string;
  server?: ServerName;
  /** false leaves workspace trust on: the window opens in Restricted Mode and asks. */
  trusted?: boolean;
  /** Folder of the extensions; by default the one with the packaged extension alone. */
  extensions?: string;
  /** User settings in addition to those of the harness. */
  settings?: Record<string, unknown>;
  size?: { width: number; height: number };
  /** Language of the extension, such as `zh-cn`. VS Code itself is English: no language pack is installed. */
  language?: string;
  /** Port for Node's inspector of the extension host; see bench/soak/inspector.ts. */
  inspectorPort?: number;
}

const open = new Set<Workbench>();
const servers = new Map<string, Promise<Server>>();
let browser: Promise<Browser> | undefined;

/** Creates an empty folder, removed when the test run ends. */
export function scratchFolder(name: string): string {
  return mkdtempSync(join(inject('scratch'), `${name}-`));
}

/**
 * Opens a window on the workspace, with its own browser profile. Windows of a test file with the same kind of server
 * share one. Closed after the test file.
 */
export async function openWorkbench(options: OpenOptions): Promise<Workbench> {
  const server = await serverFor(options);
  const workbench = await Workbench.open(
    await theBrowser(),
    server,
    options.workspace,
    options.size,
    options.language,
  );
  open.add(workbench);
  return workbench;
}

function serverFor({
  server: name = 'current',
  trusted = true,
  settings = {},
  extensions = inject('extensions')[name],
  inspectorPort,
}: OpenOptions): Promise<Server> {
  const kind = JSON.stringify([name, trusted, settings, extensions, inspectorPort]);
  const known = servers.get(kind);
  if (known) return known;
  const started = Server.start({
    server: inject('tools').servers[name],
    userData: scratchFolder('user-data'),
    extensions,
    trusted,
    settings,
    mark: `${inject('mark')}.${randomUUID()}`,
    ...(inspectorPort !== undefined && { inspectorPort }),
  });
  servers.set(kind, started);
  // The next window tries again.
  started.catch(() => servers.delete(kind));
  return started;
}

/** The open windows, for screenshots of failures. */
export function openWorkbenches(): Iterable<Workbench> {
  return open;
}

export async function closeAll(): Promise<void> {
  await Promise.allSettled([...open].map((workbench) => workbench.close()));
  open.clear();
  for (const server of await Promise.allSettled(servers.values()))
    if (server.status === 'fulfilled') await server.value.stop();
  servers.clear();
  await (await browser)?.close();
  browser = undefined;
}

/** The browser of the test file. */
export function theBrowser(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: inject('tools').chromium,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
    env: stringsOnly(markedEnvironment(`${inject('mark')}.browser`)),
    headless: process.env.NLVR_E2E_HEADED === undefined,
  });
  return browser;
}

function stringsOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
