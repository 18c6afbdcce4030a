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
  /** Absolute path of the folder or `.code-workspace` file; `scratchFolder()` makes one. */
  workspace: string;
  server?: ServerName;
  /** false leaves workspace trust on: the window opens in Restricted Mode and asks. */
  trusted?: boolean;
  /** User settings besides the quiet ones of the harness. */
  settings?: Record<string, unknown>;
  size?: { width: number; height: number };
}

const open = new Set<Workbench>();
let browser: Promise<Browser> | undefined;

/** A new empty folder, removed when the test run ends. */
export function scratchFolder(name: string): string {
  return mkdtempSync(join(inject('scratch'), `${name}-`));
}

/** Starts a VS Code with fresh user data and opens the workspace. Closed after the test file by itself. */
export async function openWorkbench(options: OpenOptions): Promise<Workbench> {
  const name = options.server ?? 'current';
  const server = await Server.start({
    server: inject('tools').servers[name],
    userData: scratchFolder('user-data'),
    extensions: inject('extensions')[name],
    trusted: options.trusted ?? true,
    settings: options.settings ?? {},
    mark: `${inject('mark')}.${randomUUID()}`,
  });
  try {
    const workbench = await Workbench.open(
      await theBrowser(),
      server,
      options.workspace,
      options.size,
    );
    open.add(workbench);
    return workbench;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The windows open now, for pictures of failures. */
export function openWorkbenches(): Iterable<Workbench> {
  return open;
}

export async function closeAll(): Promise<void> {
  await Promise.allSettled([...open].map((workbench) => workbench.close()));
  open.clear();
  await (await browser)?.close();
  browser = undefined;
}

/** One browser a test file. */
function theBrowser(): Promise<Browser> {
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
