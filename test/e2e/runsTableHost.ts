/** A host of the runs table page without VS Code, with a sweep of many runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationOf, planRuns } from '../../src/extension/runsTable/newRuns';
import { RunRows } from '../../src/extension/runsTable/runRows';
import { RunsSession } from '../../src/extension/runsTable/session';
import { RunColors } from '../../src/extension/runs/runColors';
import { RunMarks } from '../../src/extension/runs/runMarks';
import type { Run } from '../../src/extension/runs/runRegistry';
import { Messenger } from '../../src/extension/webview/messenger';
import { migrateRunInfo } from '../../src/run/read/migrate';
import type { RunsAction, RunsContract, TableView } from '../../src/webview/runs/messages';
import { scratchFolder } from './harness/open';
import type { PanelPage } from './harness/panelPage';

const rates = [1e-5, 3e-5, 1e-4, 3e-4];
const sizes = ['base', 'small', 'tiny'];

/** A pseudo-random number from 0 to 1 for an index. */
const noise = (place: number): number => Math.abs(Math.sin(12.9898 * (place + 1)) * 43758.5453) % 1;

export class RunsTableHost {
  readonly folder = scratchFolder('runs-table');
  readonly actions: [RunsAction, string[]][] = [];
  readonly queued: string[][] = [];
  saved = '';
  trusted = true;
  view: Partial<TableView> = {};
  readonly marks: RunMarks;
  /** As the dashboard has them. */
  readonly colors: RunColors;
  private runs: Run[] = [];
  private readonly rows = new RunRows((folder) => folder.slice(this.folder.length + 1));
  private session: RunsSession | undefined;

  constructor(readonly panel: PanelPage) {
    const kept = new Map<string, unknown>();
    const memory = {
      get: <T>(key: string, otherwise: T) => (kept.get(key) as T | undefined) ?? otherwise,
      update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    };
    this.marks = new RunMarks(memory);
    this.colors = new RunColors(memory);
    this.marks.onDidChange(() => this.session?.refresh());
  }

  /** Makes runs of a sweep, the newest being the first. */
  make(count: number): void {
    this.runs = Array.from({ length: count }, (_, i) => this.makeRun(i, count));
  }

  /** The path of a run. */
  run(place: number): string {
    return join(this.folder, 'sweep', `run-${String(place).padStart(4, '0')}`);
  }

  /** Advances a run. */
  update(place: number, accuracy: number): void {
    const run = this.runs[place];
    const best = { epoch: 3, step: 9, accuracy, consistency: null, testAccuracy: null };
    this.runs[place] = { ...run, status: 'running', info: { ...run.info, best } };
    this.session?.refresh();
  }

  remove(place: number): void {
    this.runs.splice(place, 1);
    this.session?.refresh();
  }

  /** A host that is started now, as after a reload of the window. */
  async open(): Promise<void> {
    this.session?.dispose();
    const plan: typeof planRuns = (run, lists) => planRuns(run, lists);
    const session = new RunsSession(this.rows, {
      send: (message) => messenger.send(message),
      runs: () => this.runs,
      markOf: (folder) => this.marks.of(folder),
      setMarks: (folders, change) => this.marks.set(folders, change),
      configurationOf: () => 'nlvr.yaml',
      trusted: () => this.trusted,
      trust: () => undefined,
      view: () => this.view,
      keepView: (view) => void (this.view = view),
      action: (action, folders) => void this.actions.push([action, [...folders]]),
      startTraining: () => undefined,
      configurationKeys: configurationOf,
      plan: async (run, lists) => (await plan(run, lists)).map(({ changes }) => changes),
      queue: async (run, lists) => {
        const planned = await plan(run, lists);
        for (const { changes } of planned) this.queued.push(changes);
        return planned.length;
      },
      openNew: () => Promise.resolve(),
      colors: (folders) => this.colors.of(folders),
      save: (text) => {
        this.saved = text;
        return Promise.resolve('runs.csv');
      },
      problem: () => undefined,
      translate: (text) => text,
    });
    const messenger = new Messenger<RunsContract>(this.panel, session);
    this.session = session;
    await this.panel.load();
  }

  private makeRun(place: number, count: number): Run {
    const folder = this.run(place);
    mkdirSync(folder, { recursive: true });
    const rate = rates[place % rates.length];
    const vit = sizes[Math.floor(place / rates.length) % sizes.length];
    const accuracy = 0.5 + 0.3 * noise(place);
    const config = `init_lr: ${rate}\nvit: ${vit}\nseed: ${place}\nimage_root: /data/images\nann_root: /data\n`;
    writeFileSync(join(folder, 'config.yaml'), config);
    const test = { epoch: 3, accuracy: accuracy - 0.01, consistency: 0.3 * accuracy, loss: 0.6 };
    writeFileSync(
      join(folder, 'metrics.json'),
      JSON.stringify({ val: { ...test, loss: 1 - accuracy }, test }),
    );
    const started = new Date(Date.UTC(2026, 0, 1) + 60_000 * (count - place)).toISOString();
    const info = migrateRunInfo(
      {
        schema: 1,
        kind: 'train',
        state: 'finished',
        name: `run-${String(place).padStart(4, '0')}`,
        step: 900,
        started,
        created: started,
        trainedSeconds: 60 + place,
        best: { epoch: 3, step: 900, accuracy, consistency: accuracy / 2, testAccuracy: null },
      },
      folder,
    );
    return {
      folder,
      info,
      status: place % 50 === 7 ? 'failed' : 'finished',
      message: null,
      hint: null,
      checkpoints: { weights: true, last: true },
    };
  }
}
