/**
 * The trainer itself against a run of BLIP's own training program (fixture train-run): batches in BLIP's recorded
 * order go in; losses, evaluations, `log.txt`, the best epoch and the checkpoint come out as BLIP's.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { SINGLE, type RankSpec } from '../../src/runtime/distributed/rankSpec';
import { recorded, repeatRun, trainCalls, type Repeated } from './recordedRun';
import { fixture, l2 } from './support';

const folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function expectRecorded({ state, writer, losses, shapes }: Repeated): Promise<void> {
  expect(losses).toHaveLength(trainCalls.length);
  losses.forEach((loss, i) =>
    expect(Math.abs(loss / Number(trainCalls[i].out) - 1)).toBeLessThan(1e-4),
  );
  expect(readFileSync(writer.folder.log, 'utf8')).toBe(
    readFileSync(fixture('train-run', 'log.txt'), 'utf8'),
  );
  expect(state.bestEpoch).toBe(recorded.best_epoch);

  const best = await openCheckpoint(writer.folder.best);
  try {
    for (const [name, norm] of Object.entries(recorded.best_param_l2)) {
      // Its gradient is zero but for rounding noise, of which AdamW makes full steps.
      if (name.endsWith('.key.bias') || !shapes.has(name)) continue;
      const tolerance = name.endsWith('qkv.bias') ? 5e-3 : 1e-4;
      expect(Math.abs(l2(await best.read(name)) - norm), name).toBeLessThan(
        tolerance * norm + 1e-4,
      );
    }
  } finally {
    await best.close();
  }
}

let alone: Repeated;

it("repeats BLIP's run: losses, log.txt, best epoch, parameters", async () => {
  alone = await repeatRun(join(folder, 'alone'), SINGLE);
  await expectRecorded(alone);
});

it('two ranks repeat it with half of each batch, with the losses of one process', async () => {
  const ports = [await freePort(), await freePort()];
  const specOf = (rank: number): RankSpec => ({
    ...SINGLE,
    rank,
    worldSize: 2,
    localRank: rank,
    localWorldSize: 2,
    addresses: ports.map((port) => `127.0.0.1:${port}`),
  });
  // Inside the checkout, so that the bundle finds koffi.
  const scratch = mkdtempSync(resolve('node_modules/.parity-test-'));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const script = join(scratch, 'rank.cjs');
  await build({
    stdin: {
      contents: `
        import { repeatRun } from './recordedRun';
        const [root, spec] = process.argv.slice(2);
        repeatRun(root, JSON.parse(spec)).then(() => process.exit(0));`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['koffi', 'sharp'],
    define: { __dirname: JSON.stringify(import.meta.dirname) },
    outfile: script,
    logLevel: 'error',
  });
  const [first] = await Promise.all([
    repeatRun(join(folder, 'together'), specOf(0)),
    promisify(execFile)(process.execPath, [
      script,
      join(folder, 'rank-1'),
      JSON.stringify(specOf(1)),
    ]),
  ]);
  await expectRecorded(first);
  first.losses.forEach((loss, i) =>
    expect(Math.abs(loss / alone.losses[i] - 1)).toBeLessThan(1e-5),
  );
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
