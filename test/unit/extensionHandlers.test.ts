import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as checkedState from '../../src/extension/dataset/checkedState';
import type * as datasetChecks from '../../src/extension/dataset/datasetChecks';
import type * as runProblems from '../../src/extension/dataset/runProblems';
import type * as picking from '../../src/extension/commands/pickRun';
import type * as otherTraining from '../../src/extension/commands/concurrentTraining';
import type * as runFiles from '../../src/extension/commands/runFiles';
import type * as starting from '../../src/extension/commands/startTraining';
import type * as activePanel from '../../src/extension/activePanel';
import type * as notifications from '../../src/extension/notifications';
import type * as evaluate from '../../src/extension/commands/evaluate';
import type * as stopping from '../../src/extension/commands/stopTraining';
import { loadWithVscode, nothing } from './fakeVscode';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-handlers-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uri = (file: string) => ({ fsPath: file, scheme: 'file', path: file });
/** A class, as in VS Code: commands check the class of their argument. */
class Uri {
  static readonly file = uri;
}

/** Creates a configuration with its data set. */
function configuration(name: string): string {
  mkdirSync(join(root, name));
  const file = join(root, name, 'nlvr.yaml');
  writeFileSync(file, 'image_root: .\nann_root: .\n');
  return file;
}

describe('Stop', () => {
  const run = () => ({
    folder: root,
    info: { name: 'calm-fox-1', kind: 'train' },
    status: 'running',
    message: null,
    hint: null,
  });

  async function stop(isTrusted: boolean, info = run().info): Promise<void> {
    const { stopTraining } = await loadWithVscode<typeof stopping>(
      'src/extension/commands/stopTraining.ts',
      {
        workspace: nothing({ isTrusted }),
        window: nothing({ showWarningMessage: () => Promise.resolve(undefined) }),
        CancellationError: class CancellationError extends Error {},
      },
    );
    const registry = {
      runs: [run()],
      get: () => ({ ...run(), info }),
      refresh: () => Promise.resolve(),
    };
    await stopTraining(registry as unknown as Parameters<typeof stopTraining>[0], root);
  }

  it('does nothing in an untrusted workspace, whose files specify the process', async () => {
    await expect(stop(false)).rejects.toThrow();
    expect(existsSync(join(root, 'stop.request'))).toBe(false);
  });

  it('writes nothing into a folder of BLIP, which does not read the request', async () => {
    await stop(true, { name: 'NLVR2', kind: 'imported' });
    expect(existsSync(join(root, 'stop.request'))).toBe(false);
  });

  it('requests the stop in a trusted workspace', async () => {
    await stop(true);
    expect(existsSync(join(root, 'stop.request'))).toBe(true);
  });
});

describe('Start without a configuration', () => {
  it.each([
    ['Open Demo Run', ['nlvr.openDemo']],
    ['Create Sample Data Set', ['nlvr.createSample']],
    [undefined, []],
  ])('offers the sample data set and the demo: %s', async (answer, executed) => {
    const offered: unknown[][] = [];
    const commands: string[] = [];
    const { startTraining } = await loadWithVscode<typeof starting>(
      'src/extension/commands/startTraining.ts',
      {
        Uri,
        workspace: nothing({
          isTrusted: true,
          findFiles: () => Promise.resolve([]),
          workspaceFolders: [],
        }),
        window: nothing({
          activeTextEditor: undefined,
          showInformationMessage: (...shown: unknown[]) => {
            offered.push(shown);
            return Promise.resolve(answer);
          },
        }),
        commands: {
          executeCommand: (command: string) => Promise.resolve(void commands.push(command)),
        },
        l10n: { t: (text: string) => text },
      },
    );
    await startTraining({} as Parameters<typeof startTraining>[0], undefined);
    expect(offered).toEqual([
      [
        expect.stringContaining('There is no nlvr.yaml in this workspace.'),
        'Create Sample Data Set',
        'Open Demo Run',
      ],
    ]);
    expect(commands).toEqual(executed);
  });
});

describe('a command of the palette', () => {
  const run = (name: string, status: string) => ({
    folder: name,
    info: { name, kind: 'imported' },
    status,
  });
  const runs = [run('a', 'running'), run('b', 'stopped'), run('c', 'running')];
  const registry = { runs, get: (folder: string) => runs.find((each) => each.folder === folder) };

  /** A panel that is active until a test changes that. */
  function panel(viewType: string) {
    const listeners: (() => void)[] = [];
    const listen = (listener: () => void) => listeners.push(listener);
    const fakePanel = {
      active: true,
      viewType,
      onDidChangeViewState: listen,
      onDidDispose: listen,
    };
    const hide = () => {
      fakePanel.active = false;
      listeners.forEach((listener) => listener());
    };
    return { fakePanel, hide };
  }

  it('applies to the run of the active panel, and asks only without one', async () => {
    let asked = 0;
    // One bundle, so that both have the same active panel.
    writeFileSync(
      join(root, 'entry.ts'),
      `export { pickRun } from '${join(process.cwd(), 'src/extension/commands/pickRun')}';
       export { followPanel } from '${join(process.cwd(), 'src/extension/activePanel')}';`,
    );
    const { pickRun, followPanel } = await loadWithVscode<typeof picking & typeof activePanel>(
      join(root, 'entry.ts'),
      { window: nothing({ showQuickPick: () => Promise.resolve(void asked++) }) },
    );
    const pick = (fits: string, opens?: string) =>
      pickRun(registry as never, undefined, ({ status }) => status === fits, '', opens);
    expect(await pick('running')).toBeUndefined();
    expect(asked).toBe(1);
    const dashboard = panel('nlvr.dashboard');
    followPanel(dashboard.fakePanel as never, () => ({ run: 'c', configFile: undefined }));
    expect((await pick('running'))?.folder).toBe('c');
    // The run of the panel does not fit, so the only fitting one is chosen.
    expect((await pick('stopped'))?.folder).toBe('b');
    expect(await pick('running', 'nlvr.dashboard')).toBeUndefined();
    expect(asked).toBe(2);
    dashboard.hide();
    expect(await pick('running')).toBeUndefined();
    expect(asked).toBe(3);
  });
});

describe('Start NLVR Training', () => {
  /**
   * A window in which a configuration is training already, and the user chooses `answer` in the dialog.
   * @param trains a configuration other than the one that is started
   */
  async function startAgain(answer: string | undefined, trains?: string) {
    const file = configuration('a');
    const args = join(root, 'started');
    const cli = join(root, 'cli.cjs');
    writeFileSync(
      cli,
      `if (process.argv[2] === 'runtime') console.log('{"version": "2.21.0", "directory": "/tf"}');
       else require('node:fs').writeFileSync(${JSON.stringify(args)}, process.argv.slice(2).join(' '));`,
    );
    const asked: string[] = [];
    const { startTraining } = await loadWithVscode<typeof starting>(
      'src/extension/commands/startTraining.ts',
      {
        Uri,
        workspace: nothing({
          isTrusted: true,
          getConfiguration: () => ({ get: (key: string) => (key === 'processesPerNode' ? 1 : '') }),
          saveAll: () => Promise.resolve(true),
          findFiles: () => Promise.resolve([uri(file)]),
          asRelativePath: () => 'nlvr.yaml',
          openTextDocument: () =>
            Promise.resolve({ getText: () => readFileSync(file, 'utf8'), uri: uri(file) }),
        }),
        window: nothing({
          activeTextEditor: undefined,
          tabGroups: { activeTabGroup: {} },
          showInformationMessage: (text: string) => {
            asked.push(text);
            return Promise.resolve(answer);
          },
        }),
        l10n: { t: (text: string, ...values: string[]) => text.replace('{0}', values[0] ?? '') },
      },
    );
    const running = {
      folder: join(root, 'running'),
      info: { name: 'calm-fox-1', kind: 'train', host: hostname(), configFile: trains ?? file },
      status: 'running',
    };
    const queued: unknown[] = [];
    const context = {
      services: {
        log: nothing(),
        context: nothing(),
        program: () => Promise.resolve({ executable: process.execPath, cli, environment: {} }),
      },
      registry: { runs: [running], get: () => undefined, refresh: () => Promise.resolve() },
      checks: { ensure: () => Promise.resolve({ problems: [] }) },
      queue: { add: (item: unknown) => Promise.resolve(void queued.push(item)) },
    };
    await startTraining(context as unknown as Parameters<typeof startTraining>[0], undefined);
    return { asked, queued, file, hasStarted: () => existsSync(args) };
  }

  it('asks when the configuration is training already, and does nothing without an answer', async () => {
    const { asked, queued, hasStarted } = await startAgain(undefined);
    expect(asked).toEqual([expect.stringContaining('calm-fox-1')]);
    expect(queued).toEqual([]);
    expect(hasStarted()).toBe(false);
  });

  it('asks when another configuration is training on this machine', async () => {
    const { asked, hasStarted } = await startAgain(undefined, '/elsewhere/nlvr.yaml');
    expect(asked).toEqual(['calm-fox-1 is already training on this machine.']);
    expect(hasStarted()).toBe(false);
  });

  it('queues a copy of the configuration', async () => {
    const { queued, hasStarted, file } = await startAgain('Queue');
    expect(queued).toEqual([
      {
        configFile: file,
        outputDir: join(root, 'a', 'output', 'NLVR'),
        config: expect.stringContaining(`image_root: ${join(root, 'a')}`) as string,
        changes: [],
      },
    ]);
    expect(hasStarted()).toBe(false);
  });

  it('starts a second training if the user selects that', async () => {
    const { queued, hasStarted } = await startAgain('Start Next to It');
    await expect.poll(hasStarted, { timeout: 20_000 }).toBe(true);
    expect(queued).toEqual([]);
  });
});

describe('Resume', () => {
  const folder = (name: string) => join(root, name);
  const run = (name: string, status: string, info: object = {}) => ({
    folder: folder(name),
    info: { name, kind: 'train', host: hostname(), configFile: folder('nlvr.yaml'), ...info },
    status,
  });

  /** The dialogs when `stopped` is resumed among these runs, and whether it is resumed after this answer. */
  async function resumeAmong(runs: object[], answer?: string) {
    const asked: string[] = [];
    const { confirmResumeNextTo } = await loadWithVscode<typeof otherTraining>(
      'src/extension/commands/concurrentTraining.ts',
      {
        workspace: nothing({ asRelativePath: basename }),
        window: nothing({
          showInformationMessage: (text: string, options: { modal: boolean }, button: string) => {
            asked.push(`${text} ${options.modal} [${button}]`);
            return Promise.resolve(answer);
          },
        }),
        l10n: {
          t: (text: string, ...values: string[]) =>
            text.replace(/\{(\d)\}/g, (_, i: string) => values[Number(i)] ?? ''),
        },
      },
    );
    const stopped = run('calm-fox-1', 'stopped');
    const registry = { runs: [stopped, ...runs] };
    const resumes = await confirmResumeNextTo(stopped as never, registry as never);
    return { asked, resumes };
  }

  it('asks while another training is in progress on this machine, and resumes only after a confirmation', async () => {
    const same = [run('merry-owl-7', 'running')];
    const question = 'merry-owl-7 is already training with nlvr.yaml. true [Resume Next to It]';
    expect(await resumeAmong(same)).toEqual({ asked: [question], resumes: false });
    const wanted = await resumeAmong(same, 'Resume Next to It');
    expect(wanted).toEqual({ asked: [question], resumes: true });
    const other = [run('merry-owl-7', 'running', { configFile: folder('other.yaml') })];
    expect((await resumeAmong(other)).asked).toEqual([
      'merry-owl-7 is already training on this machine. true [Resume Next to It]',
    ]);
  });

  it('does not ask because of the run itself, evaluations, other machines, and ended runs', async () => {
    const runs = [
      run('calm-fox-1', 'running'),
      run('a', 'running', { kind: 'evaluate' }),
      run('b', 'running', { host: 'elsewhere' }),
      run('c', 'finished'),
    ];
    expect(await resumeAmong(runs)).toEqual({ asked: [], resumes: true });
  });
});

describe('the notification when a run ends', () => {
  const best = { epoch: 2, accuracy: 0.784 };
  const outcome = { state: 'refused', takeable: true };
  interface RunFields {
    status: string;
    message?: string;
    hint?: string;
    attempt?: object;
    notice?: object;
    info?: object;
  }

  async function announced(
    before: RunFields,
    after: RunFields,
    closed: (folder: string) => void = () => undefined,
    answer?: string,
  ): Promise<[level: string, ...texts: string[]]> {
    const shown: [string, ...string[]][] = [];
    const show =
      (level: string) =>
      (...texts: string[]) =>
        Promise.resolve((shown.push([level, ...texts]), answer));
    const { EndNotifications } = await loadWithVscode<typeof notifications>(
      'src/extension/notifications.ts',
      {
        window: nothing({
          showInformationMessage: show('information'),
          showWarningMessage: show('warning'),
          showErrorMessage: show('error'),
        }),
        workspace: nothing({ getConfiguration: () => nothing({ get: () => 'all' }) }),
        l10n: {
          t: (text: string, ...values: string[]) =>
            text.replace(/\{(\d)\}/g, (_, i: string) => values[Number(i)] ?? ''),
        },
      },
    );
    const run = (fields: RunFields) => ({
      folder: root,
      info: { name: 'calm-fox-1', kind: 'train', epoch: 3, best },
      message: null,
      hint: null,
      ...fields,
    });
    let notify = (): void => undefined;
    const registry = {
      runs: [run(before)],
      onDidChange: (listener: () => void) => ((notify = listener), { dispose: () => undefined }),
    };
    new EndNotifications(registry as never, nothing() as never, ({ folder }) =>
      Promise.resolve(closed(folder)),
    );
    notify();
    registry.runs = [run(after)];
    notify();
    return shown[0] ?? ['nothing'];
  }

  const silent = 'Process 7 on elsewhere has sent no heartbeat.';
  const refused = 'The last resume was refused: all 3 epochs are done.';
  it.each<[string, RunFields, RunFields, string, string]>([
    [
      'finished',
      { status: 'running' },
      { status: 'finished' },
      'information',
      'calm-fox-1 finished: best 78.4%.',
    ],
    [
      'silent on another machine',
      { status: 'running' },
      { status: 'lost', message: silent },
      'warning',
      `calm-fox-1 stopped responding. ${silent}`,
    ],
    [
      'a resume of a finished run that was refused',
      { status: 'starting', attempt: { kind: 'resume', id: '2' } },
      { status: 'finished', message: refused, notice: { kind: 'resume', id: '2' } },
      'error',
      `calm-fox-1: ${refused}`,
    ],
    [
      'stopped, after another start was refused meanwhile',
      { status: 'running', attempt: { kind: 'train', id: '1' } },
      { status: 'stopped', message: refused, notice: { kind: 'resume', id: '2' } },
      'information',
      'calm-fox-1 stopped at epoch 4.',
    ],
    [
      'an evaluation in the folder of a finished run',
      { status: 'evaluating', attempt: { kind: 'evaluate' } },
      { status: 'finished' },
      'information',
      'The evaluation of calm-fox-1 has ended.',
    ],
    [
      'a first start that was refused',
      { status: 'starting', attempt: { kind: 'train' } },
      { status: 'failed', message: 'No GPU.', attempt: { outcome: { state: 'refused' } } },
      'error',
      'Training did not start. No GPU.',
    ],
    [
      'an evaluation that was refused',
      { status: 'starting', info: { kind: 'evaluate' }, attempt: { kind: 'evaluate' } },
      {
        status: 'failed',
        info: { kind: 'evaluate' },
        message: 'It lacks its head.',
        attempt: { kind: 'evaluate', outcome: { state: 'refused' } },
      },
      'error',
      'The evaluation did not start. It lacks its head.',
    ],
  ])('%s', async (_what, before, after, level, text) => {
    expect((await announced(before, after)).slice(0, 2)).toEqual([level, text]);
  });

  it('is dismissed when it is closed, not when a button is used', async () => {
    const read: string[] = [];
    const fields = [{ status: 'running' }, { status: 'failed' }] as const;
    await announced(...fields, (folder) => read.push(folder), 'Trainer Log');
    expect(read).toEqual([]);
    await announced(...fields, (folder) => read.push(folder));
    await expect.poll(() => read).toEqual([root]);
  });

  it('offers to take over a folder that another machine owns', async () => {
    const fields = { status: 'failed', message: 'held', attempt: { outcome } };
    expect(await announced({ status: 'starting' }, fields)).toContain('Take Over');
  });
});

describe('Delete Run', () => {
  it("deletes only the run's files if the folder contains others, and lists what is kept", async () => {
    const run = { folder: root, info: { name: 'calm-fox-1', kind: 'train' }, status: 'stopped' };
    for (const name of ['run.json', 'events.jsonl', 'nlvr.yaml', 'train.json'])
      writeFileSync(join(root, name), '{}');
    mkdirSync(join(root, 'images'));
    const details: string[] = [];
    const deleted: string[] = [];
    const asked: string[][] = [];
    const trashed: boolean[] = [];
    // A server has no trash.
    const env = { uiKind: 2, remoteName: 'ssh-remote', language: 'en' };
    const { deleteRuns } = await loadWithVscode<typeof runFiles>(
      'src/extension/commands/runFiles.ts',
      {
        Uri,
        l10n: {
          t: (text: string, ...values: string[]) =>
            text.replace(/\{(\d)\}/g, (_, i: string) => values[Number(i)] ?? ''),
        },
        env,
        UIKind: { Desktop: 1, Web: 2 },
        workspace: nothing({
          fs: {
            delete: ({ fsPath }: { fsPath: string }, { useTrash }: { useTrash: boolean }) => {
              trashed.push(useTrash);
              return Promise.resolve(void deleted.push(basename(fsPath)));
            },
          },
        }),
        window: nothing({
          showWarningMessage: (
            question: string,
            { detail }: { detail: string },
            ...buttons: string[]
          ) => {
            asked.push([question, ...buttons]);
            details.push(detail);
            return Promise.resolve(buttons.at(-1));
          },
        }),
      },
    );
    const registry = { get: () => run, refresh: () => Promise.resolve() };
    const workspaceRuns = { forget: () => Promise.resolve() };
    const marks = { forget: () => Promise.resolve() };
    const remove = () => deleteRuns({ registry, workspaceRuns, marks } as never, root, undefined);
    await remove();
    expect(details[0]).toContain('and are kept: images, nlvr.yaml, train.json.');
    expect(deleted).toEqual(['events.jsonl', 'run.json']);
    // One dialog, which says what is deleted permanently and how much; Enter keeps it.
    expect(asked).toEqual([
      [
        expect.stringMatching(/^Permanently delete calm-fox-1 \(.*\)\?$/),
        'Keep Run',
        'Delete Permanently',
      ],
    ]);
    expect(trashed).toEqual([false, false]);
    Object.assign(env, { uiKind: 1, remoteName: undefined });
    for (const name of ['nlvr.yaml', 'train.json']) rmSync(join(root, name));
    rmSync(join(root, 'images'), { recursive: true });
    await remove();
    expect(deleted.at(-1)).toBe(basename(root));
    expect(asked.at(-1)?.[0]).toMatch(/^Move calm-fox-1 \(.*\) to the trash\?$/);
    expect(trashed.at(-1)).toBe(true);
  });

  it('asks about two runs in the plural', async () => {
    const folders = ['calm-fox-1', 'bold-elk-2'].map((name) => join(root, name));
    for (const folder of folders) {
      mkdirSync(folder);
      writeFileSync(join(folder, 'run.json'), '{}');
    }
    const asked: string[][] = [];
    const { deleteRuns } = await loadWithVscode<typeof runFiles>(
      'src/extension/commands/runFiles.ts',
      {
        l10n: { t: (text: string, ...values: unknown[]) => text.replace('{0}', String(values[0])) },
        env: { uiKind: 2, remoteName: undefined },
        UIKind: { Desktop: 1, Web: 2 },
        window: nothing({
          showWarningMessage: (question: string, { detail }: { detail: string }, keep: string) => {
            asked.push([question, detail.split('\n')[0] ?? '', keep]);
            return Promise.resolve(keep);
          },
        }),
      },
    );
    const registry = {
      get: (folder: string) => ({
        folder,
        info: { name: basename(folder), kind: 'train' },
        status: 'stopped',
      }),
    };
    await deleteRuns({ registry, workspaceRuns: {}, marks: {} } as never, folders[0], folders);
    expect(asked).toEqual([
      [
        expect.stringMatching(/^Permanently delete 2 runs/),
        'The checkpoints, predictions and notes of the runs are deleted with them.',
        'Keep Runs',
      ],
    ]);
  });
});

describe('Evaluate Checkpoint', () => {
  type Call = [what: string, folder: string, hasStarted: boolean];

  /**
   * Starts an evaluation and cancels it immediately.
   * @param run the run to evaluate; by default a weights file
   * @param selected folders of similar runs, which are evaluated instead
   * @returns the calls on the list of runs, and the arguments of the program
   */
  async function evaluating(
    run?: object,
    selected: string[] = [],
  ): Promise<{ calls: Call[]; args: string }> {
    const file = configuration('a');
    writeFileSync(join(root, 'a', 'val.json'), '[]');
    writeFileSync(file, 'image_root: .\nann_root: .\nann_files: {val: val.json}\n');
    const started = join(root, 'started');
    const cli = join(root, 'cli.cjs');
    writeFileSync(
      cli,
      `if (process.argv[2] === 'runtime') console.log('{"version": "2.21.0", "directory": "/tf"}');
       else {
         require('node:fs').appendFileSync(${JSON.stringify(started)}, process.argv.slice(2).join(' ') + '\\n');
         process.exitCode = ${selected.length > 0 ? 1 : 130};
       }`,
    );
    const last = (items: unknown[]) => Promise.resolve(items.at(-1));
    const { evaluateCheckpoint } = await loadWithVscode<typeof evaluate>(
      'src/extension/commands/evaluate.ts',
      {
        workspace: nothing({ isTrusted: true, findFiles: () => Promise.resolve([uri(file)]) }),
        window: nothing({
          activeTextEditor: undefined,
          tabGroups: { activeTabGroup: {} },
          showOpenDialog: () => Promise.resolve([uri(join(root, 'model.pth'))]),
          showQuickPick: (items: unknown[], options: { canPickMany?: boolean }) =>
            options.canPickMany ? Promise.resolve(items) : last(items),
          withProgress: (_: unknown, task: (...args: unknown[]) => unknown) =>
            task(nothing(), nothing()),
        }),
      },
    );
    const calls: Call[] = [];
    const record = (what: string) => (folder: string) => {
      calls.push([what, folder, existsSync(started)]);
      return Promise.resolve();
    };
    const services = {
      log: nothing(),
      program: () => Promise.resolve({ executable: process.execPath, cli, environment: {} }),
    };
    const get = (folder: string) => run && { ...run, folder };
    const registry = { runs: [], get, refresh: record('refresh') };
    const workspaceRuns = { remember: record('remember'), forget: record('forget') };
    const context = { services, registry, workspaceRuns, refused: nothing() };
    await evaluateCheckpoint(
      context as unknown as Parameters<typeof evaluateCheckpoint>[0],
      run && root,
      selected,
    );
    return { calls, args: readFileSync(started, 'utf8') };
  }

  it('remembers the folder of a weights file before it starts, and forgets it without a result', async () => {
    const { calls, args } = await evaluating();
    const folder = join(root, 'a', 'output', 'NLVR-eval');
    expect(new Set(calls.map(([, where]) => where))).toEqual(new Set([folder]));
    expect(calls[0]).toEqual(['remember', folder, false]);
    expect(calls.at(-1)?.[0]).toBe('forget');
    expect(args).toContain(`--output_dir ${folder}`);
  });

  it.each([
    ["BLIP's own training", { kind: 'imported' }, 'running'],
    ['a run of another trainer', { kind: 'train', trainer: 'PyTorch' }, 'finished'],
  ])(
    "evaluates %s into its folder, with the workspace's configuration",
    async (_of, info, status) => {
      const weights = join(root, 'checkpoint_best.pth');
      writeFileSync(weights, '');
      const { args } = await evaluating({
        folder: root,
        info: { name: 'x', ...info },
        status,
        checkpoints: { weights: true, last: false },
      });
      expect(args).toContain(`--config ${join(root, 'a', 'nlvr.yaml')} --checkpoint ${weights}`);
      expect(args).toContain(`--output_dir ${root}`);
    },
  );

  it('evaluates several runs one after the other, after one quick pick', async () => {
    const folders = ['one', 'two'].map((name) => join(root, name));
    for (const folder of folders) {
      mkdirSync(folder);
      const config = 'image_root: .\nann_root: ../a\nann_files: {val: val.json}\n';
      writeFileSync(join(folder, 'config.yaml'), config);
    }
    const info = { name: 'x', kind: 'train' };
    const run = { info, status: 'finished', checkpoints: { weights: true, last: true } };
    const { args } = await evaluating(run, folders);
    const lines = args.trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const [i, folder] of folders.entries())
      expect(lines[i]).toMatch(new RegExp(`--checkpoint ${folder} .*--output_dir ${folder}$`));
  });
});

describe('the check of a data set', () => {
  it('shows the stored warnings when nothing has changed since', async () => {
    const file = configuration('a');
    const { fingerprintOf } = await loadWithVscode<typeof checkedState>(
      'src/extension/dataset/checkedState.ts',
      {},
    );
    const warning = { severity: 'warning', code: 'duplicate', message: 'twice', file, line: 2 };
    const report = { problems: [warning], splits: {} };
    const kept = { [file]: { fingerprint: await fingerprintOf(file), report, time: 1 } };
    const shown: [string, number][] = [];
    const collection = nothing({
      set: ({ fsPath }: { fsPath: string }, problems: unknown[]) =>
        shown.push([fsPath, problems.length]),
    });
    const { DatasetChecks } = await loadWithVscode<typeof datasetChecks>(
      'src/extension/dataset/datasetChecks.ts',
      { Uri, languages: nothing({ createDiagnosticCollection: () => collection }) },
    );
    const checks = new DatasetChecks({
      context: { workspaceState: { get: () => kept } },
      log: nothing(),
    } as unknown as ConstructorParameters<typeof DatasetChecks>[0]);
    expect(await checks.ensure(uri(file) as never)).toEqual(report);
    expect(shown).toEqual([[file, 1]]);
  });
});

describe('problems that a training finds in its data', () => {
  it('are shown in the Problems view while it trains, and make the next start check again', async () => {
    const file = configuration('a');
    const run = join(root, 'a', 'output', 'run');
    mkdirSync(run, { recursive: true });
    const shown: [string, number][] = [];
    const collection = nothing({
      set: ({ fsPath }: { fsPath: string }, problems: unknown[]) =>
        shown.push([fsPath, problems.length]),
    });
    const api = {
      Uri,
      languages: nothing({ createDiagnosticCollection: () => collection }),
    };
    const { DatasetChecks } = await loadWithVscode<typeof datasetChecks>(
      'src/extension/dataset/datasetChecks.ts',
      api,
    );
    const { RunProblems } = await loadWithVscode<typeof runProblems>(
      'src/extension/dataset/runProblems.ts',
      api,
    );
    let kept: object = { [file]: { fingerprint: '', report: { problems: [], splits: {} } } };
    const workspaceState = {
      get: () => kept,
      update: (_key: string, value: object) => Promise.resolve((kept = value)),
    };
    const checks = new DatasetChecks({
      context: { workspaceState },
      log: nothing(),
    } as unknown as ConstructorParameters<typeof DatasetChecks>[0]);
    let changed = (): void => undefined;
    const info = { kind: 'train', configFile: file };
    const runs = [{ folder: run, info, status: 'running' }];
    const registry = { runs, onDidChange: (listener: () => void) => void (changed = listener) };
    new RunProblems(registry as never, checks);
    changed();
    const annotations = join(root, 'a', 'train.json');
    const problem = { severity: 'error', code: 'unreadable-image', message: 'x', line: 3 };
    const problems = [{ ...problem, file: annotations }];
    writeFileSync(join(run, 'problems.json'), JSON.stringify({ problems }));
    // It ends before its file was read.
    runs[0].status = 'failed';
    changed();
    await expect.poll(() => shown).toEqual([[annotations, 1]]);
    await expect.poll(() => kept).toMatchObject({ [file]: { report: { problems } } });
  });
});
