import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../../src/run/runFolder';

describe('RunFolder', () => {
  it('names files below its root', () => {
    const folder = new RunFolder(join('/', 'runs', 'one'));
    expect(folder.events).toBe(join('/', 'runs', 'one', 'events.jsonl'));
    expect(folder.predictionsOf('val', 3)).toBe(
      join('/', 'runs', 'one', 'predictions', 'val-epoch-003.jsonl'),
    );
    expect(folder.predictionsOf('test', null)).toBe(
      join('/', 'runs', 'one', 'predictions', 'test.jsonl'),
    );
  });
});
