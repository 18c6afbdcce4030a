// The packages with native parts (koffi, sharp), for this platform or another one. npm has each platform's libraries as
// packages of their own.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Node says where files really are, also when this is a link. */
const modules = realpathSync(join(root, 'node_modules'));

/** By VS Code's name of a platform: its packages, and the folder of koffi's that holds its library. */
const platforms = {
  'linux-x64': { sharp: 'linux-x64', koffi: 'linux-x64', folder: 'linux_x64' },
  'linux-arm64': { sharp: 'linux-arm64', koffi: 'linux-arm64', folder: 'linux_arm64' },
  'alpine-x64': { sharp: 'linuxmusl-x64', koffi: 'linux-x64', folder: 'musl_x64' },
  'alpine-arm64': { sharp: 'linuxmusl-arm64', koffi: 'linux-arm64', folder: 'musl_arm64' },
  'darwin-x64': { sharp: 'darwin-x64', koffi: 'darwin-x64', folder: 'darwin_x64' },
  'darwin-arm64': { sharp: 'darwin-arm64', koffi: 'darwin-arm64', folder: 'darwin_arm64' },
};
const isOfPlatform = (name) => /^@koromix\/koffi-|^@img\/sharp-/.test(name);

/** VS Code's name for this platform. */
export function ownTarget() {
  const musl =
    process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
  return `${musl ? 'alpine' : process.platform}-${process.arch}`;
}

/** Copies what a platform needs into `dist/node_modules`. @param folder where they are to lie */
export function copyNativePackages(folder, target) {
  const own = filesOf(loadedFiles());
  if (target === ownTarget()) return copy(own, modules, folder);
  if (!platforms[target])
    throw new Error(`${target} is none of ${Object.keys(platforms).join(', ')}.`);
  const common = own.filter((file) => !isOfPlatform(nameOf(packageOf(file))));
  copy(common, modules, folder);
  const scratch = mkdtempSync(join(tmpdir(), 'nlvr-native-'));
  try {
    for (const [name, wanted] of packagesOf(target)) {
      const from = join(scratch, name);
      fetchPackage(name, from);
      const files = readdirSync(from, { recursive: true, encoding: 'utf8' })
        .map((file) => join(from, file))
        .filter((file) => /\.(node|dylib|c?js)$|\.so(\.\d+)*$/.test(file) && wanted(file));
      copy(filesOf(files), scratch, folder);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The packages of a platform, and which of their files are loaded there. */
function packagesOf(target) {
  const { sharp, koffi, folder } = platforms[target];
  const all = () => true;
  return [
    [
      `@koromix/koffi-${koffi}`,
      (file) => !file.endsWith('.node') || basename(dirname(file)) === folder,
    ],
    [`@img/sharp-${sharp}`, all],
    [`@img/sharp-libvips-${sharp}`, all],
  ];
}

/** Gets a package of package-lock.json from the registry, or from npm's cache. @throws when it is another one */
function fetchPackage(name, folder) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  mkdirSync(folder, { recursive: true });
  const pack = ['pack', `${name}@${version}`, '--prefer-offline', '--json'];
  const output = execFileSync('npm', [...pack, '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [packed] = JSON.parse(output);
  if (packed.integrity !== integrity)
    throw new Error(`${name} ${version} from the registry is not that of package-lock.json.`);
  const archive = join(folder, packed.filename.replace(/^@/, '').replaceAll('/', '-'));
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
  rmSync(archive);
}

/**
 * The files of node_modules that are loaded when an image is decoded and a C function is called, native libraries
 * included: asked of Node itself, in a process that does both.
 */
function loadedFiles() {
  const probe = `
    const koffi = require('koffi');
    const libc = koffi.load(process.platform === 'darwin' ? 'libSystem.B.dylib' : null);
    libc.func('int abs(int)')(-1);
    const sharp = require('sharp');
    const pixels = { create: { width: 8, height: 8, channels: 3, background: 'red' } };
    sharp(pixels).png().toBuffer()
      .then((png) => sharp(png).toColourspace('srgb').removeAlpha().resize(4, 4).raw().toBuffer())
      .then(() => {
        process.report.excludeNetwork = true;
        const { sharedObjects } = process.report.getReport();
        console.log(JSON.stringify([...Object.keys(require.cache), ...sharedObjects]));
      });`;
  const output = execFileSync(process.execPath, ['-e', probe], { cwd: root, encoding: 'utf8' });
  const files = JSON.parse(output).filter((file) => file.startsWith(modules + sep));
  if (files.length === 0) throw new Error(`koffi and sharp were not loaded from ${modules}`);
  return files;
}

/** The files with what belongs to their packages: manifests, and licences, which ask to be passed on. */
function filesOf(loaded) {
  const files = new Set(loaded);
  for (const folder of new Set(loaded.map(packageOf))) {
    files.add(join(folder, 'package.json'));
    const legal = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name));
    // A package without one of its own names it in its read-me.
    const passedOn =
      legal.length > 0 ? legal : readdirSync(folder).filter((name) => /^readme/i.test(name));
    for (const name of passedOn) files.add(join(folder, name));
  }
  return [...files];
}

/** Folder of the package that a file belongs to. */
function packageOf(file) {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json')) || !nameOf(folder)) folder = dirname(folder);
  return folder;
}

function nameOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name;
}

function copy(files, from, to) {
  for (const file of files) {
    const target = join(to, relative(from, file));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target, { dereference: true });
  }
}
