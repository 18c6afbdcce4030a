import { describe, expect, it } from 'vitest';
import { QueueRunner } from '../../src/extension/queue/queueRunner';
import { TrainingQueue, type QueuedTraining } from '../../src/extension/queue/trainingQueue';

/** A workspace state like VS Code's, which stores values as JSON. */
function memory() {
  const stored = new Map<string, string>();
  return {
    get: <T>(key: string, otherwise: T): T => {
      const text = stored.get(key);
      return text === undefined ? otherwise : (JSON.parse(text) as T);
    },
    update: (key: string, value: unknown) => {
      stored.set(key, JSON.stringify(value));
      return Promise.resolve();
    },
  };
}

const training = (configFile: string) => ({
  configFile,
  config: 'seed: 42\n',
  outputDir: '/w/output',
  changes: [],
});
const names = (queue: TrainingQueue): string[] => queue.items.map(({ configFile }) => configFile);

async function queued(...files: string[]) {
  const store = memory();
  const queue = new TrainingQueue(store);
  const ids: string[] = [];
  for (const file of files) ids.push((await queue.add(training(file))).id);
  return { store, queue, ids };
}

describe('the queue', () => {
  it('survives a window reload', async () => {
    const { store, queue } = await queued('a', 'b');
    expect(new TrainingQueue(store).items).toEqual(queue.items);
  });

  it('can be reordered, shortened and emptied', async () => {
    const { queue, ids } = await queued('a', 'b', 'c', 'd');
    await queue.move([ids[2], ids[3]], ids[0]);
    expect(names(queue)).toEqual(['c', 'd', 'a', 'b']);
    await queue.move([ids[2]], undefined);
    expect(names(queue)).toEqual(['d', 'a', 'b', 'c']);
    await queue.shift(ids[1], -1);
    expect(names(queue)).toEqual(['d', 'b', 'a', 'c']);
    await queue.shift(ids[3], -1);
    await queue.shift(ids[2], 1);
    expect(names(queue)).toEqual(['d', 'b', 'a', 'c']);
    await queue.remove([ids[1], ids[0]]);
    expect(names(queue)).toEqual(['d', 'c']);
    let changes = 0;
    queue.onDidChange(() => changes++);
    await queue.clear();
    expect([names(queue), changes]).toEqual([[], 1]);
  });

  it('ignores stored values of another form', async () => {
    const { store, queue } = await queued('a');
    await store.update('nlvr.queue', [...queue.items, { id: 7 }, {}]);
    expect(names(queue)).toEqual(['a']);
  });
});

describe('the runner of the queue', () => {
  it('starts one after the other, each when no other run is active', async () => {
    const { queue } = await queued('a', 'broken', 'b');
    const log: string[] = [];
    let busy = true;
    const runner = new QueueRunner(queue, {
      busy: () => busy,
      start: ({ configFile }: QueuedTraining) => {
        log.push(`start ${configFile}`);
        if (configFile === 'broken') return Promise.reject(new Error('no'));
        busy = true;
        return Promise.resolve();
      },
      failed: ({ configFile }) => log.push(`failed ${configFile}`),
    });
    busy = false;
    runner.startIfIdle();
    // Before the runs are known, no run appears to be active.
    expect(log).toEqual([]);
    busy = true;
    runner.begin();
    expect(log).toEqual([]);
    busy = false;
    runner.startIfIdle();
    runner.startIfIdle();
    await expect.poll(() => log).toEqual(['start a']);
    expect(names(queue)).toEqual(['broken', 'b']);
    busy = false;
    runner.startIfIdle();
    // One that fails to start does not block the others.
    await expect.poll(() => log).toEqual(['start a', 'start broken', 'failed broken', 'start b']);
    expect(names(queue)).toEqual([]);
  });
});
