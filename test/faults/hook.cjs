/**
 * Loaded into the trainer before it starts (`node --require`); NLVR_FAULT specifies the fault:
 *
 * `{"crashStates": DIR, "run": RUN}` records, at every fsync, rename and removal in RUN, what a disk would hold after a power
 * failure: everything, only what was synced of each file, and only what was synced of each folder.
 * `{"fill": {"file": NAME, "nth": N}, "run": RUN, "disk": DISK}` fills DISK before the Nth write to NAME in RUN, from 0;
 * `{"count": FILE, "run": RUN}` writes to FILE what each write is to.
 * `{"clock": MS, "when": FILE}` moves the clock by MS as soon as FILE exists.
 * `{"noLinks": true}` simulates a file system without hard links.
 */
const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');
const { join, sep } = require('node:path');
const { createHash } = require('node:crypto');

const fault = JSON.parse(process.env.NLVR_FAULT ?? '{}');
const real = { ...fs };
const asyncReal = { ...fs.promises };
const isInRun = (path) =>
  typeof path === 'string' && (path === fault.run || path.startsWith(fault.run + sep));
const pathOf = (fd) => real.readlinkSync(`/proc/self/fd/${fd}`);

if (isMainThread && fault.crashStates) recordCrashStates();
if (isMainThread && (fault.fill !== undefined || fault.count)) watchWrites();
if (fault.clock !== undefined) setClock();
if (fault.noLinks) {
  const refuse = () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
  };
  fs.linkSync = refuse;
  fs.promises.link = async () => refuse();
}

function recordCrashStates() {
  /** Contents by inode as they were when the file was synced, and names by the folder's inode. */
  const contents = new Map();
  const names = new Map();
  const recordedDigests = new Set();
  let number = 0;

  const list = (folder) => {
    const entries = [];
    for (const entry of real.readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      entries.push({
        name: entry.name,
        isFolder: entry.isDirectory(),
        ino: real.statSync(path).ino,
      });
    }
    return entries;
  };
  const currentFiles = (folder, path, out, read) => {
    for (const { name, isFolder, ino } of list(folder))
      if (isFolder) currentFiles(join(folder, name), `${path}${name}/`, out, read);
      else out.set(path + name, read(join(folder, name), ino));
    return out;
  };
  const syncedFiles = (ino, path, out) => {
    for (const entry of names.get(ino) ?? [])
      if (entry.isFolder) syncedFiles(entry.ino, `${path}${entry.name}/`, out);
      else out.set(path + entry.name, contents.get(entry.ino) ?? Buffer.alloc(0));
    return out;
  };
  /** What distinguishes states of the events: whether those before the checkpoint exist, and whether a line is incomplete. */
  const eventsIn = (content, state) => {
    const text = content.toString();
    const last = Math.max(
      -1,
      ...[...text.matchAll(/"type":"step","step":(\d+)/g)].map(([, step]) => Number(step)),
    );
    const saved = Number(/"step": (\d+)/.exec(state?.toString() ?? '')?.[1] ?? 0);
    return `${text.length > 0} ${text.endsWith('\n')} ${last >= saved}`;
  };
  const recordState = (why, files) => {
    // Heartbeats and times do not make another state.
    const hash = createHash('sha256');
    for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(name.replace(/\.\d+\.[0-9a-f]{8}\.tmp$/, '.tmp'));
      if (/^(run\.json|attempts\/|run\.lock|trainer\.log)/.test(name))
        hash.update(`${content.length > 0}`);
      else if (name === 'events.jsonl')
        hash.update(eventsIn(content, files.get('checkpoint_last/trainer.json')));
      else hash.update(content);
    }
    const digest = hash.digest('hex');
    if (files.size === 0 || recordedDigests.has(digest)) return;
    recordedDigests.add(digest);
    const state = join(fault.crashStates, `${String(number++).padStart(4, '0')}-${why}`);
    for (const [name, content] of files) {
      const file = join(state, name);
      real.mkdirSync(join(file, '..'), { recursive: true });
      real.writeFileSync(file, content);
    }
  };
  // Heartbeats and the phases of an attempt are frequent; after some of them they are not recorded.
  let statusWrites = 0;
  const isRoutineStatusWrite = (path) => /(run\.json|attempts\/)/.test(path) && statusWrites++ > 30;
  const recordStates = (why, path) => {
    if (!real.existsSync(fault.run) || isRoutineStatusWrite(path)) return;
    recordState(
      `${why}-all`,
      currentFiles(fault.run, '', new Map(), (file) => real.readFileSync(file)),
    );
    recordState(
      `${why}-contents`,
      currentFiles(fault.run, '', new Map(), (_, ino) => contents.get(ino) ?? Buffer.alloc(0)),
    );
    recordState(`${why}-names`, syncedFiles(real.statSync(fault.run).ino, '', new Map()));
  };
  const sync = (path) => {
    if (!isInRun(path)) return;
    const { ino } = real.statSync(path);
    recordStates('before-fsync', path);
    if (real.statSync(path).isDirectory()) names.set(ino, list(path));
    else contents.set(ino, real.readFileSync(path));
    recordStates('fsync', path);
  };
  const recordAround = (why, path, act) => {
    if (isInRun(path)) recordStates(`before-${why}`, path);
    const result = act();
    if (isInRun(path)) recordStates(why, path);
    return result;
  };
  // The inode of a deleted file is reused.
  const forgetReusedInode = (path, flags) => {
    if (isInRun(path) && /^(w|a)/.test(String(flags))) {
      const found = real.statSync(path);
      if (found.size === 0) contents.delete(found.ino);
    }
  };
  fs.openSync = (path, flags, ...rest) => {
    const fd = real.openSync(path, flags, ...rest);
    forgetReusedInode(path, flags);
    return fd;
  };
  fs.fsyncSync = (fd) => {
    const path = pathOf(fd);
    real.fsyncSync(fd);
    sync(path);
  };
  fs.renameSync = (from, to) => recordAround('rename', to, () => real.renameSync(from, to));
  fs.rmSync = (path, options) => recordAround('remove', path, () => real.rmSync(path, options));
  fs.promises.open = async (path, flags, ...rest) => {
    const handle = await asyncReal.open(path, flags, ...rest);
    forgetReusedInode(path, flags);
    const syncHandle = handle.sync.bind(handle);
    handle.sync = async () => {
      await syncHandle();
      sync(path);
    };
    return handle;
  };
  fs.promises.rename = async (from, to) =>
    recordAround('rename', to, () => real.renameSync(from, to));
}

/** The name of a file in the run folder; a temporary file has that of the file it becomes. */
const nameInRun = (path) =>
  path
    .slice(fault.run.length + 1)
    .replace(/(^|\/)\.(.+)\.\d+\.[0-9a-f]{8}\.tmp$/, '$1$2')
    .replace(/^attempts\/.+/, 'attempts/….json')
    .replace(/-epoch-\d+/, '-epoch-…');

function watchWrites() {
  let number = 0;
  const onWrite = (path) => {
    if (!isInRun(path)) return;
    const name = nameInRun(path);
    if (fault.count) {
      real.appendFileSync(fault.count, `${name}\n`);
      return;
    }
    if (name !== fault.fill.file || number++ !== fault.fill.nth) return;
    const filler = join(fault.disk, 'filler');
    const fd = real.openSync(filler, 'a');
    try {
      for (let block = Buffer.alloc(1 << 20); block.length >= 512;)
        try {
          real.writeSync(fd, block);
        } catch {
          block = block.subarray(0, block.length >> 1);
        }
    } finally {
      real.closeSync(fd);
    }
  };
  const wrap = (name, pathFrom) => {
    fs[name] = (...args) => {
      onWrite(pathFrom(args[0], args[1]));
      return real[name](...args);
    };
  };
  const writtenPath = (path, flags) => (/^(w|a|r\+)/.test(String(flags)) ? path : '');
  wrap('openSync', writtenPath);
  wrap('writeSync', (fd) => pathOf(fd));
  wrap('appendFileSync', (file) => (typeof file === 'string' ? file : ''));
  wrap('mkdirSync', (path) => path);
  fs.promises.open = async (path, flags, ...rest) => {
    onWrite(writtenPath(path, flags));
    const handle = await asyncReal.open(path, flags, ...rest);
    const writeHandle = handle.write.bind(handle);
    handle.write = (...args) => {
      onWrite(path);
      return writeHandle(...args);
    };
    return handle;
  };
}

function setClock() {
  const { now } = Date;
  let offset = 0;
  let lastCheck = 0;
  const shifted = () => {
    const time = now();
    if (offset === 0 && time - lastCheck > 20) {
      lastCheck = time;
      if (real.existsSync(fault.when)) offset = fault.clock;
    }
    return time + offset;
  };
  globalThis.Date = class extends Date {
    constructor(...args) {
      if (args.length === 0) super(shifted());
      else super(...args);
    }
    static now() {
      return shifted();
    }
  };
}
