/** Checks the error messages and exit codes for invalid input. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import { nlvr, startNlvr, tinyProject, type TinyProject } from './tinyProject';

const fixtures = join(import.meta.dirname, '..', 'fixtures');

/** Trains and expects exit code 2, one paragraph without a stack trace, and no run folder. */
async function refused(project: TinyProject, ...args: string[]): Promise<string> {
  const { code, stderr } = await nlvr(['train', '--config', project.config, ...args]);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code, stderr).toBe(2);
  expect(existsSync(project.run)).toBe(false);
  return stderr;
}

function changeAnnotation(
  project: TinyProject,
  change: (example: Record<string, unknown>) => void,
): void {
  const file = join(project.folder, 'train.json');
  const examples = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
  change(examples[2]);
  writeFileSync(file, JSON.stringify(examples, null, 1));
}

describe('configuration', () => {
  test.each([
    [{ btach_size_train: '4' }, /nlvr\.yaml:\d+:1: .*btach_size_train.*batch_size_train/s],
    [{ max_epoch: 'many' }, /nlvr\.yaml:\d+:\d+: .*max_epoch/s],
    [{ init_lr: '-1' }, /nlvr\.yaml:\d+:\d+: .*init_lr.*-1.*0.*10/s],
    [{ image_size: '20' }, /image_size.*patch size/s],
  ])('%o', async (extra, message) => {
    expect(await refused(await tinyProject(extra))).toMatch(message);
  });

  test('a file that does not exist', async () => {
    const { code, stderr } = await nlvr(['train', '--config', '/nowhere/nlvr.yaml']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('/nowhere/nlvr.yaml does not exist'),
    ]);
  });

  test('unknown and missing options are reported with exit code 2', async () => {
    for (const args of [
      ['train'],
      ['train', '--config', 'x', '--sede', '1'],
      ['tarin'],
      ['train', '--config', 'x', '--seed', 'abc'],
    ])
      expect((await nlvr(args)).code).toBe(2);
  });
});

describe('data', () => {
  test('a missing image is reported with its line before anything is written', async () => {
    const project = await tinyProject();
    changeAnnotation(project, (example) => (example.images = ['gone.png', 'red-20.png']));
    expect(await refused(project)).toMatch(/train\.json:\d+: .*gone\.png/s);
  });

  test('a truncated PNG is found before training', async () => {
    const project = await tinyProject();
    truncateSync(join(project.folder, 'images', 'red-20.png'), 60);
    expect(await refused(project)).toMatch(/red-20\.png/);
  });

  test('label "maybe"', async () => {
    const project = await tinyProject();
    changeAnnotation(project, (example) => (example.label = 'maybe'));
    expect(await refused(project)).toMatch(/train\.json:\d+: .*label.*maybe/s);
  });

  test('an empty split', async () => {
    const project = await tinyProject();
    writeFileSync(join(project.folder, 'val.json'), '[]');
    expect(await refused(project)).toMatch(/val\.json.*(empty|no examples)/s);
  });

  test('a path that leaves the image root', async () => {
    const project = await tinyProject();
    changeAnnotation(project, (example) => (example.images = ['../../etc/passwd', 'red-20.png']));
    expect(await refused(project)).toMatch(/train\.json:\d+: .*\.\.\/\.\.\/etc\/passwd/s);
  });

  test('a missing annotation file', async () => {
    expect(
      await refused(
        await tinyProject({ ann_files: '{train: nope.json, val: val.json, test: test.json}' }),
      ),
    ).toMatch(/nope\.json/);
  });
});

describe('checkpoints', () => {
  test('of another architecture: the differences, and how to write a matching configuration', async () => {
    const project = await tinyProject();
    const { code, stderr } = await nlvr([
      'train',
      '--config',
      project.config,
      '--pretrained',
      join(fixtures, 'tiny-a', 'model.pth'),
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /model\.pth does not fit the model: the checkpoint has vision width 64, the configuration \d+.*nlvr inspect/s,
    );
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('a pickle that calls os.system is refused and not executed', async () => {
    const project = await tinyProject();
    const marker = join(project.folder, 'pwned');
    const file = join(project.folder, 'evil.pth');
    // The legacy layout starts with a pickle: GLOBAL os.system, argument, REDUCE.
    writeFileSync(
      file,
      Buffer.from(
        `\x80\x02cos\nsystem\nX${lengthOf(`touch ${marker}`)}touch ${marker}\x85R.`,
        'latin1',
      ),
    );
    expect(await refused(project, '--pretrained', file)).toMatch(/os\.system/);
    expect(existsSync(marker)).toBe(false);
  });

  test('that does not exist, or is not a checkpoint', async () => {
    const project = await tinyProject();
    expect(await refused(project, '--pretrained', join(project.folder, 'gone.pth'))).toMatch(
      /gone\.pth does not exist/,
    );
    expect(await refused(project, '--pretrained', project.config)).toMatch(
      /a text file that starts with/,
    );
  });
});

describe('run folder', () => {
  test('one that contains a run is refused and not changed; --overwrite replaces only the run', async () => {
    const project = await tinyProject({ max_epoch: '1' });
    expect((await nlvr(['train', '--config', project.config])).code).toBe(0);
    writeFileSync(join(project.run, 'mine.txt'), 'mine');
    const before = readFileSync(join(project.run, 'events.jsonl'), 'utf8');
    const { code, stderr } = await nlvr(['train', '--config', project.config]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/already contains a run.*--resume.*--overwrite/s),
    ]);
    expect(readFileSync(join(project.run, 'events.jsonl'), 'utf8')).toBe(before);
    expect((await nlvr(['train', '--config', project.config, '--overwrite'])).code).toBe(0);
    expect(readFileSync(join(project.run, 'mine.txt'), 'utf8')).toBe('mine');
    const again = await nlvr(['train', '--config', project.config, '--resume']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/is finished/)]);
  });

  test('one whose run failed before its first step is reused by the next run', async () => {
    const project = await tinyProject({ max_epoch: '1' });
    const train = ['train', '--config', project.config];
    const noGpu = { env: { CUDA_VISIBLE_DEVICES: '' } };
    const failed = await nlvr([...train, '--set', 'device=gpu'], noGpu);
    expect([failed.code, failed.stderr]).toEqual([3, expect.stringMatching(/finds no GPU/)]);
    expect(existsSync(join(project.run, 'run.json'))).toBe(true);
    expect(await nlvr(train)).toMatchObject({ code: 0 });
    const events = readFileSync(join(project.run, 'events.jsonl'), 'utf8');
    expect(events.match(/"type":"start"/g)).toHaveLength(1);
    expect(events).not.toContain('"failed"');
    // This run did at least one step.
    expect(await nlvr(train)).toMatchObject({ code: 2 });
    expect(readFileSync(join(project.run, 'events.jsonl'), 'utf8')).toBe(events);
  });

  test('nothing to resume, and no configuration to start from', async () => {
    const project = await tinyProject();
    const { code, stderr } = await nlvr(['train', '--resume', '--output_dir', project.run]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no run in .*--config/s)]);
    expect(existsSync(project.run)).toBe(false);
  });

  test('is a file, or below a file', async () => {
    const project = await tinyProject();
    const file = join(project.folder, 'file');
    writeFileSync(file, 'mine');
    for (const folder of [file, join(file, 'run')])
      expect(await refused(project, '--output_dir', folder)).toMatch(/is a file/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('is moved during the training: the message names it, and nothing is created again', async () => {
    const project = await tinyProject({ max_epoch: '500', save_steps: '2' });
    const child = startNlvr(['train', '--config', project.config]);
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, 'close');
    while (child.exitCode === null && !existsSync(join(project.run, 'checkpoint_last')))
      await sleep(20);
    renameSync(project.run, `${project.run}-moved`);
    expect(await ended).toEqual([2, null]);
    expect(stderr).toContain(`${project.run} was moved or removed during the training`);
    expect(existsSync(project.run)).toBe(false);
  });

  // Skipped without permission to mount a small disk.
  test.skipIf(!canMount())(
    'a full disk is reported as such, and earlier checkpoints stay complete',
    async () => {
      const project = await tinyProject({ max_epoch: '500' });
      const disk = join(project.folder, 'disk');
      mkdirSync(disk);
      mountSmallDisk(disk);
      onTestFinished(() => unmount(disk));
      const run = join(disk, 'run');
      const child = startNlvr(['train', '--config', project.config, '--output_dir', run]);
      let stderr = '';
      child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      const ended = once(child, 'close');
      while (child.exitCode === null && !existsSync(join(run, 'checkpoint_last'))) await sleep(20);
      fill(disk);
      const [code] = (await ended) as [number];
      expect(stderr).toMatch(/disk is full/);
      expect(code).toBe(2);
      for (const name of [
        'checkpoint_best.safetensors',
        'checkpoint_last/model.safetensors',
        'checkpoint_last/optimizer.safetensors',
      ]) {
        const checkpoint = await openCheckpoint(join(run, name));
        try {
          for (const tensor of checkpoint.tensors.keys()) await checkpoint.read(tensor);
        } finally {
          await checkpoint.close();
        }
      }
      // No incomplete or temporary file remains.
      expect(readdirSync(run).filter((name) => /tmp|new|old/.test(name))).toEqual([]);
      const refusedImmediately = await nlvr([
        'train',
        '--config',
        project.config,
        '--output_dir',
        run,
        '--resume',
      ]);
      expect(refusedImmediately.code).toBe(2);
      expect(refusedImmediately.stderr).toMatch(/disk is full|free; the checkpoints/);
    },
  );
});

describe('runtime', () => {
  test('missing: exit code 3 and the command that installs it', async () => {
    const project = await tinyProject();
    const { code, stderr } = await nlvr([
      'train',
      '--config',
      project.config,
      '--tensorflow',
      project.folder,
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/nlvr runtime install/);
  });
});

function mountSmallDisk(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder], { stdio: 'pipe' });
}

function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder]);
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
  try {
    mountSmallDisk(folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}

function lengthOf(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(text.length);
  return bytes.toString('latin1');
}

function fill(disk: string): void {
  try {
    for (let i = 0; ; i++) writeFileSync(join(disk, `filler-${i}`), Buffer.alloc(1 << 18));
  } catch {
    // The disk is full, as intended.
  }
}
