import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PairImages } from '../../src/extension/dashboard/pairImages';
import { DashboardSession } from '../../src/extension/dashboard/session';
import { Thumbnails } from '../../src/extension/failures/thumbnails';
import type { Run } from '../../src/extension/runs/runRegistry';
import { Messenger } from '../../src/extension/webview/messenger';
import type { RunEvent, StartEvent } from '../../src/run/events';
import { readRun } from '../../src/run/read/readRun';
import type { DashboardContract } from '../../src/webview/dashboard/messages';
import { scratchFolder } from './harness/open';
import type { PanelPage } from './harness/panelPage';
import { syntheticRun } from './syntheticRun';

/** A host of the dashboard page without VS Code, with two runs. The first is active, was resumed, and began with a curriculum. */
export class DashboardHost {
  readonly folder: string;
  readonly runs: [string, string];
  readonly removed: string[] = [];
  session: DashboardSession | undefined;
  private readonly known = new Map<string, Run>();
  private readonly thumbnails: Thumbnails;

  constructor(readonly panel: PanelPage) {
    this.folder = scratchFolder('dashboard-page');
    this.runs = [join(this.folder, 'amber-fox'), join(this.folder, 'noble-bee')];
    this.thumbnails = new Thumbnails(join(this.folder, 'thumbnails'));
  }

  async make(): Promise<void> {
    const [first, second] = this.runs;
    await syntheticRun(first, {
      name: 'amber-fox',
      steps: 600,
      epochs: 3,
      maxEpoch: 10,
      state: 'running',
      predictions: 0,
      config: { seed: 42, init_lr: 3e-5, image_root: 'images' },
    });
    await syntheticRun(second, {
      name: 'noble-bee',
      steps: 500,
      epochs: 5,
      seed: 7,
      stuck: true,
      predictions: 0,
      config: { seed: 7, init_lr: 1e-4, batch_size_train: 32, image_root: 'images' },
    });
    // Resumed after step 300; the first epoch was the curriculum.
    const file = join(first, 'events.jsonl');
    const events = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent);
    const start = events[0] as StartEvent;
    start.curriculum = { epochs: 1, stepsPerEpoch: 200 };
    const at = events.findIndex((event) => event.type === 'step' && event.step === 301);
    const { time } = events[at];
    events.splice(at, 0, {
      ...start,
      time,
      resumed: true,
      step: 300,
      epoch: 1,
      trainedSeconds: 90,
    });
    writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    for (const run of this.runs) await this.look(run);
  }

  /** Reads a run as the registry of the extension does. */
  async look(folder: string, change: Partial<Run> = {}): Promise<void> {
    const read = await readRun(folder);
    if (!read) throw new Error(`no run in ${folder}`);
    const { info, status } = read;
    this.known.set(folder, { folder, info, status, message: null, hint: null, ...change });
    this.session?.refresh();
  }

  forget(folder: string): void {
    this.known.delete(folder);
    this.session?.refresh();
  }

  /** A host that is started now, as after a reload of the window. */
  async open(...folders: string[]): Promise<void> {
    this.session?.dispose();
    const pictures = new PairImages(this.thumbnails, (text) => text, {
      mayShow: () => Promise.resolve(true),
      mayDecode: () => true,
    });
    const session = new DashboardSession(folders, {
      send: (message) => messenger.send(message),
      run: (folder) => this.known.get(folder),
      refreshRun: () => undefined,
      reached: () => undefined,
      colors: (folders) => [...folders.keys()],
      shortPaths: (text) => text.replaceAll(`${this.folder}/`, ''),
      thumbnails: (run, images) => pictures.get(run.folder, run.info.configFile, images),
      action: () => undefined,
      startTraining: () => undefined,
      addRun: () => session.show(this.runs),
      removeRun: (folder) => {
        this.removed.push(folder);
        session.show(session.runs.filter((shown) => shown !== folder));
      },
      comparePredictions: () => undefined,
      openImage: () => undefined,
      savePng: () => Promise.resolve(null),
      copy: () => Promise.resolve(),
      problem: () => undefined,
    });
    const messenger = new Messenger<DashboardContract>(this.panel, session);
    this.session = session;
    await this.panel.load();
  }

  append(run: string, ...events: RunEvent[]): void {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    appendFileSync(join(run, 'events.jsonl'), lines);
  }
}
