/**
 * Loaded into the trainer before it starts (`node --require`); NLVR_FAULT says what goes wrong:
 *
 * `{"images": DIR, "run": RUN}` keeps, at every fsync, rename and removal in RUN, what a disk would hold if the power went
 * there: all of it, only what was synced of each file, and only what was synced of each folder.
 * `{"fill": N, "run": RUN, "disk": DISK}` fills DISK before the Nth write in RUN; `{"count": FILE, "run": RUN}` writes to
 * FILE what each write is to.
 * `{"clock": MS, "when": FILE}` sets the clock by MS once FILE is there.
 * `{"noLinks": true}` is a file system without hard links.
 */
const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');
const { join, sep } = require('node:path');
const { createHash } = require('node:crypto');

const fault = JSON.parse(process.env.NLVR_FAULT ?? '{}');
const real = { ...fs };
const asyncReal = { ...fs.promises };
const inRun = (path) =>
  typeof path === 'string' && (path === fault.run || path.startsWith(fault.run + sep));
const pathOf = (fd) => real.readlinkSync(`/proc/self/fd/${fd}`);

if (isMainThread && fault.images) keepImages();
if (isMainThread && (fault.fill !== undefined || fault.count)) watchWrites();
if (fault.clock !== undefined) setClock();
if (fault.noLinks) {
  const refuse = () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
  };
  fs.linkSync = refuse;
  fs.promises.link = async () => refuse();
}

function keepImages() {
  /** Contents by inode as they were when the file was synced, and names by the folder's inode. */
  const contents = new Map();
  const names = new Map();
  const seen = new Set();
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
  const now = (folder, path, out, read) => {
    for (const { name, isFolder, ino } of list(folder))
      if (isFolder) now(join(folder, name), `${path}${name}/`, out, read);
      else out.set(path + name, read(join(folder, name), ino));
    return out;
  };
  const synced = (ino, path, out) => {
    for (const entry of names.get(ino) ?? [])
      if (entry.isFolder) synced(entry.ino, `${path}${entry.name}/`, out);
      else out.set(path + entry.name, contents.get(entry.ino) ?? Buffer.alloc(0));
    return out;
  };
  /** What matters of the events: whether those before the checkpoint are there, and whether a line is cut off. */
  const eventsIn = (content, state) => {
    const text = content.toString();
    const last = Math.max(
      -1,
      ...[...text.matchAll(/"type":"step","step":(\d+)/g)].map(([, step]) => Number(step)),
    );
    const saved = Number(/"step": (\d+)/.exec(state?.toString() ?? '')?.[1] ?? 0);
    return `${text.length > 0} ${text.endsWith('\n')} ${last >= saved}`;
  };
  const keep = (why, files) => {
    // Heartbeats and times make no other image.
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
    if (files.size === 0 || seen.has(digest)) return;
    seen.add(digest);
    const image = join(fault.images, `${String(number++).padStart(4, '0')}-${why}`);
    for (const [name, content] of files) {
      const file = join(image, name);
      real.mkdirSync(join(file, '..'), { recursive: true });
      real.writeFileSync(file, content);
    }
  };
  // Heartbeats and the phases of an attempt come all the time; after a few of them they make no new image.
  let beats = 0;
  const isBeat = (path) => /(run\.json|attempts\/)/.test(path) && beats++ > 30;
  const boundary = (why, path) => {
    if (!real.existsSync(fault.run) || isBeat(path)) return;
    keep(
      `${why}-all`,
      now(fault.run, '', new Map(), (file) => real.readFileSync(file)),
    );
    keep(
      `${why}-contents`,
      now(fault.run, '', new Map(), (_, ino) => contents.get(ino) ?? Buffer.alloc(0)),
    );
    keep(`${why}-names`, synced(real.statSync(fault.run).ino, '', new Map()));
  };
  const sync = (path) => {
    if (!inRun(path)) return;
    const { ino } = real.statSync(path);
    boundary('before-fsync', path);
    if (real.statSync(path).isDirectory()) names.set(ino, list(path));
    else contents.set(ino, real.readFileSync(path));
    boundary('fsync', path);
  };
  const around = (why, path, act) => {
    if (inRun(path)) boundary(`before-${why}`, path);
    const result = act();
    if (inRun(path)) boundary(why, path);
    return result;
  };
  // An inode is given to another file when its first is gone.
  const fresh = (path, flags) => {
    if (inRun(path) && /^(w|a)/.test(String(flags))) {
      const found = real.statSync(path);
      if (found.size === 0) contents.delete(found.ino);
    }
  };
  fs.openSync = (path, flags, ...rest) => {
    const fd = real.openSync(path, flags, ...rest);
    fresh(path, flags);
    return fd;
  };
  fs.fsyncSync = (fd) => {
    const path = pathOf(fd);
    real.fsyncSync(fd);
    sync(path);
  };
  fs.renameSync = (from, to) => around('rename', to, () => real.renameSync(from, to));
  fs.rmSync = (path, options) => around('remove', path, () => real.rmSync(path, options));
  fs.promises.open = async (path, flags, ...rest) => {
    const handle = await asyncReal.open(path, flags, ...rest);
    fresh(path, flags);
    const syncHandle = handle.sync.bind(handle);
    handle.sync = async () => {
      await syncHandle();
      sync(path);
    };
    return handle;
  };
  fs.promises.rename = async (from, to) => around('rename', to, () => real.renameSync(from, to));
}

function watchWrites() {
  let number = 0;
  const write = (path) => {
    if (!inRun(path)) return;
    if (fault.count) {
      real.appendFileSync(fault.count, `${path.slice(fault.run.length + 1)}\n`);
      return;
    }
    if (number++ !== fault.fill) return;
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
      write(pathFrom(args[0], args[1]));
      return real[name](...args);
    };
  };
  const written = (path, flags) => (/^(w|a|r\+)/.test(String(flags)) ? path : '');
  wrap('openSync', written);
  wrap('writeSync', (fd) => pathOf(fd));
  wrap('appendFileSync', (file) => (typeof file === 'string' ? file : ''));
  wrap('mkdirSync', (path) => path);
  fs.promises.open = async (path, flags, ...rest) => {
    write(written(path, flags));
    const handle = await asyncReal.open(path, flags, ...rest);
    const writeHandle = handle.write.bind(handle);
    handle.write = (...args) => {
      write(path);
      return writeHandle(...args);
    };
    return handle;
  };
}

function setClock() {
  const { now } = Date;
  let offset = 0;
  let looked = 0;
  const shifted = () => {
    const time = now();
    if (offset === 0 && time - looked > 20) {
      looked = time;
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
