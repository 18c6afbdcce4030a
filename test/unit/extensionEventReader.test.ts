import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventReader, parseEvent, type EventBatch } from '../../src/run/read/eventReader';
import { UserError } from '../../src/util/userError';

const step = (n: number, extra: object = {}): string =>
  JSON.stringify({ type: 'step', time: n, step: n, epoch: 0, loss: 1 / n, lr: 1e-3, ...extra });
const start = (n: number, resumed: boolean): string =>
  JSON.stringify({ type: 'start', v: 1, time: n, resumed, step: n, epoch: 0 });

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nlvr-events-'));
  file = join(folder, 'events.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const stepsOf = (batch: EventBatch): number[] => batch.events.map((placed) => placed.step);

describe('EventReader', () => {
  it('delivers nothing while the file does not exist, then its events', async () => {
    const reader = new EventReader(file);
    expect((await reader.read()).events).toEqual([]);
    writeFileSync(file, `${step(1)}\n${step(2)}\n`);
    expect(stepsOf(await reader.read())).toEqual([1, 2]);
    expect((await reader.read()).events).toEqual([]);
  });

  it('reports that a file cannot be read, and reads it when it can', async () => {
    mkdirSync(file);
    const reader = new EventReader(file);
    const failure = await reader.read().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toContain(`The history of the run, ${file}, cannot`);
    expect((failure as UserError).hint).toMatch(/Restore the file/);
    rmSync(file, { recursive: true });
    writeFileSync(file, `${step(1)}\n`);
    expect(stepsOf(await reader.read())).toEqual([1]);
  });

  it('keeps an incomplete last line until the rest is written, also in the middle of a character', async () => {
    const reader = new EventReader(file);
    const line = Buffer.from(
      JSON.stringify({ type: 'note', time: 1, level: 'info', code: 'x', message: '图像对 é' }) +
        '\n',
    );
    const cut = line.indexOf(Buffer.from('像')) + 1;
    writeFileSync(file, Buffer.concat([Buffer.from(`${step(1)}\n`), line.subarray(0, cut)]));
    expect(stepsOf(await reader.read())).toEqual([1]);
    appendFileSync(file, line.subarray(cut));
    const [placed] = (await reader.read()).events;
    expect(placed.event).toMatchObject({ type: 'note', message: '图像对 é' });
    expect(placed.step).toBe(1);
    expect(reader.skipped).toBe(0);
  });

  it('does not parse lines that cannot be events', async () => {
    writeFileSync(file, `${'x\n{}\n"\n'.repeat(20_000)} ${step(1)} \r\n`);
    const parse = vi.spyOn(JSON, 'parse');
    const reader = new EventReader(file);
    expect(stepsOf(await reader.read())).toEqual([1]);
    expect(reader.skipped).toBe(60_000);
    expect(parse.mock.calls.length).toBeLessThan(10);
    parse.mockRestore();
  });

  it('skips and counts lines that are invalid, of an unknown type or without a step', async () => {
    writeFileSync(
      file,
      [
        step(1),
        '{"type":"step","ste',
        '{"type":"fromTheFuture","step":2}',
        'null',
        '{"type":"step","time":1}',
        '{"type":"toString","step":3}',
        '',
        step(2),
        '',
      ].join('\n'),
    );
    const reader = new EventReader(file);
    expect(stepsOf(await reader.read())).toEqual([1, 2]);
    expect(reader.skipped).toBe(5);
  });

  it('omits events that a resume in the same batch invalidates', async () => {
    const lines = [
      start(0, false),
      step(1),
      step(2),
      step(3),
      start(2, true),
      step(3, { loss: 7 }),
    ];
    writeFileSync(file, lines.join('\n') + '\n');
    const batch = await new EventReader(file).read();
    expect(batch.events.map(({ event }) => event.type)).toEqual([
      'start',
      'step',
      'step',
      'start',
      'step',
    ]);
    expect(batch.events.at(-1)?.event).toMatchObject({ step: 3, loss: 7 });
  });

  it('reports which delivered events a resume invalidates', async () => {
    writeFileSync(file, [step(1), step(2), step(3)].join('\n') + '\n');
    const reader = new EventReader(file);
    await reader.read();
    appendFileSync(file, [start(1, true), step(2)].join('\n') + '\n');
    const batch = await reader.read();
    expect(batch.reset).toBe(false);
    expect(batch.voidBeyond).toBe(1);
    expect(stepsOf(batch)).toEqual([1, 2]);
  });

  it('assigns events without a step to the last step before them', async () => {
    const watch = JSON.stringify({ type: 'watch', time: 1, epoch: 0, pairs: [] });
    writeFileSync(file, [step(4), watch, start(3, true), watch].join('\n') + '\n');
    const batch = await new EventReader(file).read();
    expect(batch.events.map(({ step: place, event }) => [event.type, place])).toEqual([
      ['start', 3],
      ['watch', 3],
    ]);
  });

  it('starts over when the file was replaced or truncated', async () => {
    writeFileSync(file, `${step(1)}\n${step(2)}\n`);
    const reader = new EventReader(file);
    await reader.read();
    writeFileSync(`${file}.new`, `${step(9)}\n${step(10)}\n${step(11)}\n`);
    renameSync(`${file}.new`, file);
    const replaced = await reader.read();
    expect(replaced.reset).toBe(true);
    expect(stepsOf(replaced)).toEqual([9, 10, 11]);
    writeFileSync(file, `${step(5)}\n`);
    const cut = await reader.read();
    expect(cut.reset).toBe(true);
    expect(stepsOf(cut)).toEqual([5]);
    rmSync(file);
    expect((await reader.read()).reset).toBe(true);
  });

  it('continues when only the inode number changed, as on sshfs', async () => {
    const reader = new EventReader(file);
    const text = `${step(1)}\n${step(2)}\n`;
    writeFileSync(file, text);
    await reader.read();
    const renumbered = (more: string): void => {
      writeFileSync(`${file}.new`, more);
      renameSync(`${file}.new`, file);
    };
    renumbered(`${text}${step(3)}\n`);
    const grown = await reader.read();
    expect(grown.reset).toBe(false);
    expect(stepsOf(grown)).toEqual([3]);
    // Another history of the same length so far is not the same file.
    renumbered(`${step(1)}\n${step(9)}\n${step(3)}\n${step(4)}\n`);
    const other = await reader.read();
    expect(other.reset).toBe(true);
    expect(stepsOf(other)).toEqual([1, 9, 3, 4]);
  });

  it('skips an unterminated line that is far too long for an event', async () => {
    const reader = new EventReader(file);
    writeFileSync(file, `${step(1)}\n{"type":"note","message":"`);
    for (let i = 0; i < 66; i++) appendFileSync(file, 'x'.repeat(1 << 20));
    appendFileSync(file, `"}\n${step(2)}\n`);
    expect(stepsOf(await reader.read())).toEqual([1, 2]);
    expect(reader.skipped).toBe(1);
  });

  it('reads 200,000 events in chunks and yields to the event loop between them', async () => {
    const lines: string[] = [];
    for (let n = 1; n <= 200_000; n++)
      lines.push(step(n, { gradNorm: 1.5, speed: 84.2, wait: 0.01 }));
    writeFileSync(file, lines.join('\n') + '\n');
    let turns = 0;
    let pieces = 0;
    let delivered = 0;
    const timer = setInterval(() => turns++, 1);
    const last = await new EventReader(file).read((batch) => {
      pieces++;
      delivered += batch.events.length;
    });
    clearInterval(timer);
    expect(delivered + last.events.length).toBe(200_000);
    expect(pieces).toBeGreaterThan(50);
    // Timers ran between the chunks.
    expect(turns).toBeGreaterThan(20);
  });

  it('serializes concurrent calls, and delivers each event once', async () => {
    writeFileSync(file, Array.from({ length: 5000 }, (_, i) => step(i + 1)).join('\n') + '\n');
    const reader = new EventReader(file);
    const batches = await Promise.all([reader.read(), reader.read(), reader.read()]);
    expect(batches.map((batch) => batch.events.length)).toEqual([5000, 0, 0]);
  });
});

describe('parseEvent', () => {
  it('accepts an event with unknown fields', () => {
    expect(parseEvent('{"type":"step","step":1,"novel":true}')).toMatchObject({ step: 1 });
  });
  it('rejects a step that is not a number', () => {
    expect(parseEvent('{"type":"step","step":"1"}')).toBeUndefined();
  });
});
