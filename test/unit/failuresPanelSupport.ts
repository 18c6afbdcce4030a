import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { configPaths } from '../../src/config/paths';
import { parseConfig } from '../../src/config/parse';
import type { Launch } from '../../src/extension/trainer/process';
import { FailuresSession } from '../../src/extension/failures/session';
import type { SessionEditor } from '../../src/extension/failures/sessionEditor';
import { Thumbnails } from '../../src/extension/failures/thumbnails';
import type { Prediction } from '../../src/run/predictions';
import type {
  AskState,
  FailuresRequests,
  SavedFilter,
  ToWebview,
} from '../../src/webview/failures/messages';
import { Model } from '../../src/webview/failures/model';
import type { ViewState } from '../../src/webview/failures/viewState';

type Wanted = ConstructorParameters<typeof FailuresSession>[1];

export class Panel {
  readonly opened: [string, number?][] = [];
  readonly problems: unknown[] = [];
  saved: { name: string; text: string } | null = null;
  /** Holds rows on their way to the page until `release`. */
  holdRows = false;
  /** Milliseconds for which a message blocks the thread. */
  slow = 0;
  /** Called when the next rows are on their way. */
  onRows: (() => void) | undefined;
  private readonly held: ToWebview[] = [];
  checkpoint = 'first';
  /** Whether the workspace is. */
  trusted = true;
  /** The filters of the workspace. */
  savedFilters: SavedFilter[] = [];
  /** Null: the run has no configuration yet. */
  imageRoot: string | null;
  state: Partial<ViewState> = {};
  unavailable: Extract<AskState, { state: 'unavailable' }> | null = null;
  launch: (allowMissing: boolean) => Promise<Launch> = () =>
    Promise.reject(new Error('not in this test'));
  /** The examples of a subset. */
  examplesOf: SessionEditor['findExamples'] = () => Promise.reject(new Error('not in this test'));
  readonly session: FailuresSession;
  model: Model;

  constructor(folder: string, imageRoot: string | null, wanted: Wanted = null) {
    const editor: SessionEditor = {
      send: (message) => {
        const end = performance.now() + this.slow;
        while (performance.now() < end);
        const waits = this.holdRows && (message.type === 'rows' || message.type === 'end');
        if (waits) this.held.push(structuredClone(message));
        else this.model.receive(structuredClone(message));
        if (message.type !== 'rows') return;
        const onRows = this.onRows;
        this.onRows = undefined;
        onRows?.();
      },
      webviewUri: (file) => `address:${file}`,
      openFile: (file, place) =>
        Promise.resolve(void this.opened.push(place ? [file, place.line] : [file])),
      copy: () => Promise.resolve(),
      save: (name, _extension, pieces) => {
        this.saved = {
          name,
          text: Buffer.concat([...pieces].map((each) => Buffer.from(each))).toString(),
        };
        return Promise.resolve(name);
      },
      command: () => undefined,
      analyze: () => undefined,
      checkpointStamp: () => Promise.resolve(this.checkpoint),
      launch: (allowMissing) => this.launch(allowMissing),
      askUnavailable: () => Promise.resolve(this.unavailable),
      isActive: () => false,
      findExamples: (set, subset) => this.examplesOf(set, subset),
      log: () => undefined,
      problem: (_doing, error) => this.problems.push(error),
      filters: {
        all: () => this.savedFilters,
        keep: (filters) => {
          this.savedFilters = structuredClone(filters);
          this.session.sendFilters();
          return Promise.resolve();
        },
      },
      mayShow: (imageRoot) => Promise.resolve(this.trusted || !imageRoot.includes('outside')),
      mayDecode: () => this.trusted,
      translate: (text, ...values) =>
        text.replace(/\{(\d)\}/g, (_all, i: string) => String(values[Number(i)])),
    };
    const { config } = parseConfig('ann_files: { val: val.json }\nann_root: .');
    this.imageRoot = imageRoot;
    const paths = () => ({ ...configPaths(config, folder), imageRoot: this.imageRoot ?? '' });
    this.session = new FailuresSession(
      {
        folder,
        name: 'calm fox/1',
        paths: () => Promise.resolve(this.imageRoot === null ? null : paths()),
      },
      wanted,
      new Thumbnails(join(folder, '.thumbs')),
      editor,
    );
    this.model = this.newModel();
  }

  release(): void {
    this.holdRows = false;
    for (const message of this.held.splice(0)) this.model.receive(message);
  }

  /** A page that has just loaded. */
  newModel(): Model {
    const request = <N extends keyof FailuresRequests>(
      name: N,
      params: FailuresRequests[N]['params'],
    ) =>
      (this.session.requests[name] as (params: unknown) => Promise<FailuresRequests[N]['result']>)(
        structuredClone(params),
      );
    return (this.model = new Model(
      {
        send: (message) => void Promise.resolve(this.session.message(structuredClone(message))),
        request: async (name, params) => request(name, params),
      },
      () => undefined,
      (state) => (this.state = state),
      this.state,
    ));
  }

  /** Waits until all predictions are loaded. */
  async ready(): Promise<void> {
    await this.session.ready();
    await vi.waitFor(() => expect(this.model.loading.state).toBe('ready'));
  }
  get identifier(): string {
    return this.model.rows.identifierOf(this.model.selected);
  }
  get listed(): string[] {
    return [...this.model.shown].map((row) => this.model.rows.identifierOf(row));
  }
}

/** A run folder with predictions and images, and its open panel; new for each test. */
class Bench {
  folder = '';
  private opened: Panel | undefined;

  async begin(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'nlvr-panel-'));
    await mkdir(join(this.folder, 'predictions'));
    await mkdir(join(this.folder, 'images'));
  }

  async end(): Promise<void> {
    this.opened?.session.dispose();
    this.opened = undefined;
    await rm(this.folder, { recursive: true, force: true });
  }

  get panel(): Panel {
    if (!this.opened) throw new Error('open was not called');
    return this.opened;
  }

  /** @param imageRoot null: the run has no configuration yet. */
  open(
    wanted: Wanted = null,
    imageRoot: string | null = join(this.folder, 'images'),
    folder = this.folder,
  ): Panel {
    return (this.opened = new Panel(folder, imageRoot, wanted));
  }

  write(name: string, predictions: Prediction[]): Promise<void> {
    return writeFile(
      join(this.folder, 'predictions', name),
      predictions.map((each) => `${JSON.stringify(each)}\n`).join(''),
    );
  }

  example(index: number, probTrue: number, over: Partial<Prediction> = {}): Prediction {
    return {
      identifier: `dev-${index}-0-0`,
      index,
      split: 'val',
      sentence: `Sentence ${index} with a dog on the left.`,
      images: [join(this.folder, 'images', 'a.png'), join(this.folder, 'images', 'b.png')],
      label: true,
      prediction: probTrue > 0.5,
      prob_true: probTrue,
      logits: [0, Math.log(probTrue / (1 - probTrue))],
      ...over,
    };
  }

  /** Writes two epochs of the same three examples; the first is wrong about 0 and 2, the second about 1 and 2. */
  async writeEpochs(): Promise<void> {
    await this.write('val-epoch-000.jsonl', this.epoch0());
    await this.write('val-epoch-001.jsonl', this.epoch1());
  }

  epoch0(): Prediction[] {
    return [this.example(0, 0.1), this.example(1, 0.9), this.example(2, 0.3)];
  }

  epoch1(): Prediction[] {
    return [this.example(0, 0.8), this.example(1, 0.2), this.example(2, 0.4)];
  }
}

/** Call once in a test file: creates and removes the folder around each test. */
export function panelBench(): Bench {
  const bench = new Bench();
  beforeEach(() => bench.begin());
  afterEach(() => bench.end());
  return bench;
}
