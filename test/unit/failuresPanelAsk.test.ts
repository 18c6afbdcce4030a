import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { panelBench } from './failuresPanelSupport';

const bench = panelBench();

describe('asking again', () => {
  it('is refused if it is not available, and nothing is started', async () => {
    await bench.write('val.jsonl', [bench.example(0, 0.1)]);
    bench.open();
    let launched = 0;
    bench.panel.launch = () => {
      launched += 1;
      return Promise.reject(new Error('launched'));
    };
    bench.panel.unavailable = { state: 'unavailable', message: 'Not trusted.', trust: true };
    await bench.panel.ready();
    expect(bench.panel.model.questions.process).toEqual(bench.panel.unavailable);
    bench.panel.model.questions.prepareQuestion(0);
    const asked = await bench.panel.model.questions.ask(0, {
      sentence: 'x',
      swapImages: false,
      swapTest: false,
    });
    expect(asked.problem?.message).toBe('Not trusted.');
    expect(launched).toBe(0);
    bench.panel.unavailable = null;
    await bench.panel.session.refreshAvailability();
    expect(bench.panel.model.questions.process).toEqual({ state: 'idle' });
  });

  it('starts an incomplete model only after the user has confirmed it', async () => {
    const server = `const allowed = process.argv[1] === 'allowed';
    if (!allowed) console.log(JSON.stringify({ error: 'It lacks its head.', hint: 'Give --allow_missing.', allowedBy: '--allow_missing' }));
    else console.log(JSON.stringify({ ready: true, device: 'CPU', parameters: 7, incomplete: [{ part: 'head', parameters: 4 }] }));
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      console.log(JSON.stringify({ id: JSON.parse(line).id, prediction: true, prob_true: 0.5, ms: 1 }));
    }).on('close', () => process.exit());`;
    for (const name of ['a.png', 'b.png']) await writeFile(join(bench.folder, 'images', name), 'x');
    await bench.write('val.jsonl', [bench.example(0, 0.1)]);
    bench.open().launch = (allowMissing) =>
      Promise.resolve({
        command: process.execPath,
        args: ['-e', server, allowMissing ? 'allowed' : 'not allowed'],
        env: process.env,
      });
    const { model } = bench.panel;
    await bench.panel.ready();
    const question = { sentence: 'x', swapImages: false, swapTest: false };
    expect(await model.questions.ask(0, question)).toMatchObject({
      problem: { message: 'It lacks its head.', anyway: true },
    });
    model.send({ type: 'allowMissing' });
    expect(await model.questions.ask(0, question)).toMatchObject({ answer: { prediction: true } });
    expect(model.questions.process).toMatchObject({
      state: 'ready',
      incomplete: expect.stringContaining('the classification head: 4 parameters') as string,
    });
  });

  it('sends the images in the requested order, and keeps every answer with the example', async () => {
    const server = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, left, sentence } = JSON.parse(line);
      console.log(JSON.stringify({ id, prediction: left.endsWith('b.png'), prob_true: sentence.length / 100, ms: 1 }));
    }).on('close', () => process.exit()); console.log('{"ready":true,"device":"CPU","parameters":7}');`;
    for (const name of ['a.png', 'b.png']) await writeFile(join(bench.folder, 'images', name), 'x');
    await bench.write('val.jsonl', [bench.example(0, 0.1), bench.example(1, 0.2)]);
    bench.open().launch = () =>
      Promise.resolve({ command: process.execPath, args: ['-e', server], env: process.env });
    await bench.panel.ready();
    const question = { sentence: 'Ten chars.', swapTest: false };
    await bench.panel.model.questions.ask(0, { ...question, swapImages: false });
    await bench.panel.model.questions.ask(0, { ...question, swapImages: true });
    expect(
      bench.panel.model.questions.history.of('val', 'dev-0-0-0').map(({ answer }) => answer),
    ).toEqual([
      { prediction: false, probTrue: 0.1, milliseconds: 1 },
      { prediction: true, probTrue: 0.1, milliseconds: 1 },
    ]);
    expect(bench.panel.model.questions.history.of('val', 'dev-1-0-0')).toEqual([]);
    // They are kept when the panel is shown again.
    const before = bench.panel.model.questions.history.of('val', 'dev-0-0-0');
    bench.panel.newModel();
    await bench.panel.ready();
    expect(bench.panel.model.questions.history.of('val', 'dev-0-0-0')).toEqual(before);
    expect(bench.panel.model.questions.process).toEqual({
      state: 'ready',
      device: 'CPU',
      parameters: 7,
    });
    // New weights are saved and answer the next question.
    const server2 = server.replace(':7}', ':8}');
    bench.panel.launch = () =>
      Promise.resolve({ command: process.execPath, args: ['-e', server2], env: process.env });
    await bench.panel.model.questions.ask(1, { ...question, swapImages: false });
    expect(bench.panel.model.questions.process).toMatchObject({ parameters: 7 });
    bench.panel.checkpoint = 'second';
    await bench.panel.model.questions.ask(1, { ...question, swapImages: false });
    expect(bench.panel.model.questions.process).toMatchObject({ parameters: 8 });
  });

  it('distinguishes questions about examples with the same identifier in two splits', async () => {
    // BLIP's identifiers are derived from file names, so both splits may have the same one.
    await bench.write('val.jsonl', [bench.example(0, 0.1)]);
    await bench.write('test.jsonl', [bench.example(0, 0.2, { split: 'test' })]);
    const panel = bench.open();
    panel.unavailable = { state: 'unavailable', message: 'No checkpoint.' };
    await panel.ready();
    await panel.model.questions.ask(0, { sentence: 'x', swapImages: false, swapTest: false });
    panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(panel.model.set?.split).toBe('test'));
    expect(panel.model.questions.about(0)).toEqual([]);
    // The host also distinguishes them when it sends them to a reloaded page.
    await panel.model.questions.ask(0, { sentence: 'y', swapImages: false, swapTest: false });
    panel.newModel();
    await panel.ready();
    expect(
      panel.model.questions.history.of('val', 'dev-0-0-0').map((each) => each.sentence),
    ).toEqual(['x']);
    expect(panel.model.questions.about(0).map((each) => each.sentence)).toEqual(['y']);
  });
});
