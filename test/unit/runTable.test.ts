/** `nlvr runs`: the runs of a folder as a table. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { runs } from '../../src/cli/commands/runs';
import { migrateRunInfo } from '../../src/run/read/migrate';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-runs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(name: string, content: unknown): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
}

function run(name: string, info: Record<string, unknown>, config: string): void {
  const whole = { schema: 1, kind: 'train', state: 'finished', step: 12, name, ...info };
  file(`${name}/run.json`, migrateRunInfo(whole, join(root, name)));
  file(`${name}/config.yaml`, config);
}

/** Returns the standard output and the standard error of the command. */
async function printed(options: { csv?: boolean }): Promise<[string, string]> {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    out.mockRestore();
    err.mockRestore();
  });
  await runs(root, options);
  const text = (mock: typeof out) => mock.mock.calls.map(([chunk]) => String(chunk)).join('');
  const all: [string, string] = [text(out), text(err)];
  out.mockClear();
  err.mockClear();
  return all;
}

it('prints a row per run with its metrics, and a column for each differing key', async () => {
  run(
    'sweep/a',
    {
      started: '2026-01-02T00:00:00.000Z',
      trainedSeconds: 90,
      best: { epoch: 3, step: 9, accuracy: 0.625, consistency: 0.25, testAccuracy: 0.5 },
    },
    "seed: 1\ninit_lr: 0.00003\nann_root: 'd, e'\noutput_dir: x\nvit: base\nxla: false\n",
  );
  // A later evaluation of other weights than the best ones.
  file('sweep/a/metrics.json', { test: { epoch: 4, accuracy: 0.9, consistency: 0.9 } });
  run(
    'b',
    {
      kind: 'evaluate',
      started: '2026-01-03T00:00:00.000Z',
    },
    "seed: 1\ninit_lr: 0.0001\nann_root: '/d'\noutput_dir: y\nvit: base\nxla: false\n",
  );
  file('b/metrics.json', {
    test: { epoch: 2, accuracy: 0.75, consistency: 0.5, loss: 0.55, checkpoint: 'model.pth' },
  });
  file(
    'blip/log.txt',
    '{"train_lr": "0.000", "train_loss": "0.6", "val_acc": "0.7000", "test_acc": "0.6000", "epoch": 0}',
  );
  // No heartbeat for a long time, and before its last epoch.
  utimesSync(join(root, 'blip/log.txt'), new Date('2026-01-04'), new Date('2026-01-04'));
  file('blip/config.yaml', "seed: 1\ninit_lr: 0.00003\nann_root: '/d'\n");
  file('broken/run.json', '{"format": "nlvr-run", ');
  file('server/log.txt', 'GET / 200');

  const [csv, said] = await printed({ csv: true });
  const [header, ...rows] = csv.trimEnd().split('\n');
  expect(header).toBe(
    'run,name,kind,state,started,step,best_epoch,val_accuracy,val_consistency,test_accuracy,test_consistency,val_loss,test_loss,trained_seconds,init_lr,ann_root',
  );
  expect(rows.slice(1)).toEqual([
    'b,b,evaluate,finished,2026-01-03T00:00:00.000Z,12,,,,0.75,0.5,,0.55,,1e-4,/d',
    'sweep/a,sweep/a,train,finished,2026-01-02T00:00:00.000Z,12,3,0.625,0.25,0.5,,,,90,3e-5,"d, e"',
  ]);
  expect(rows[0]).toMatch(/^blip,blip,imported,lost,\d{4}-.*,1,0,0\.7,,0\.6,,,,,3e-5,\/d$/);
  expect(said).toMatch(/broken is skipped: .*run\.json is not valid JSON/);

  const [table] = await printed({});
  expect(table).toMatch(
    /^run +state +step +best epoch +val +consistency +test +init_lr +ann_root$/m,
  );
  expect(table).toMatch(/^sweep\/a +finished +12 +3 +62\.5% +25\.0% +50\.0% +3e-5 +d, e$/m);
});

it('reports a folder without runs', async () => {
  await expect(runs(root, {})).rejects.toThrow(`There is no run in ${root}.`);
  await expect(runs(join(root, 'none'), {})).rejects.toThrow('There is no folder');
});
