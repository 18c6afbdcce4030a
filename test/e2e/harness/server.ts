import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VscodeServer } from '../../../scripts/testTools.mjs';
import { killMarked, markedEnvironment, markedProcesses } from './processes';

export interface ServerOptions {
  server: VscodeServer;
  /** Folder for user data and logs; fresh for each server. */
  userData: string;
  extensions: string;
  /** false: workspace trust is on and nothing is trusted yet. */
  trusted: boolean;
  settings: Record<string, unknown>;
  /** Mark of this server; its trainers are ended with it. */
  mark: string;
  /** Port of this machine where a process opens Node's inspector when it gets SIGUSR1. */
  inspectorPort?: number;
}

/** Settings for a quiet, deterministic, offline editor. */
const baseSettings: Record<string, unknown> = {
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'npm.autoDetect': 'off',
  'window.autoDetectColorScheme': false,
  'files.simpleDialog.enable': true,
  // As on the desktop: no auto save.
  'files.autoSave': 'off',
  'security.workspace.trust.banner': 'always',
};

/** A running code-server. */
export class Server {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    readonly options: ServerOptions,
    private readonly output: () => string,
  ) {}

  /** @throws with the server's last output when it is not ready within a minute. */
  static async start(options: ServerOptions): Promise<Server> {
    const { server, userData, extensions, inspectorPort } = options;
    mkdirSync(join(userData, 'User'), { recursive: true });
    const settings = { ...baseSettings, ...options.settings };
    writeFileSync(join(userData, 'User', 'settings.json'), JSON.stringify(settings, null, 2));
    const port = await freePort();
    const child = spawn(
      server.node,
      [
        // The extension hosts get the flags of the server's Node.
        ...(inspectorPort === undefined ? [] : [`--inspect-port=127.0.0.1:${inspectorPort}`]),
        server.entry,
        ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
        ...['--user-data-dir', userData, '--extensions-dir', extensions],
        ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
        ...(options.trusted ? ['--disable-workspace-trust'] : []),
      ],
      { env: markedEnvironment(options.mark), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-8000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const running = new Server(child, `http://127.0.0.1:${port}`, options, () => output);
    await running.ready();
    return running;
  }

  private async ready(): Promise<void> {
    for (let waited = 0; waited < 60_000; waited += 250) {
      if (this.child.exitCode !== null) break;
      const response = await fetch(`${this.url}/healthz`).catch(() => undefined);
      if (response?.ok) return;
      await sleep(250);
    }
    await this.stop();
    throw new Error(`code-server did not get ready:\n${this.output()}`);
  }

  /** Process IDs of the extension hosts, so that a test can kill one. */
  extensionHosts(): number[] {
    return markedProcesses()
      .filter((found) => found.mark === this.options.mark)
      .filter((found) => found.command.includes('--type=extensionHost'))
      .map((found) => found.pid);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((done) => this.child.once('close', done));
      this.child.kill('SIGTERM');
      await Promise.race([ended, sleep(5000)]);
    }
    // Its extension hosts and all processes that they started with this server's mark.
    killMarked(this.options.mark);
  }
}

/** A port of this machine where nothing listens. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
