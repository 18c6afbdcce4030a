// Copies the packages with native parts (koffi, sharp) for this or another platform. npm has a separate package with the
// libraries of each platform.
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
/** Resolved, because Node reports real paths even if node_modules is a link. */
const modules = realpathSync(join(root, 'node_modules'));

/** Packages by VS Code's platform name, and the folder with koffi's library. */
const platforms = {
  'linux-x64': { sharp: 'linux-x64', koffi: 'linux-x64', folder: 'linux_x64' },
  'linux-arm64': { sharp: 'linux-arm64', koffi: 'linux-arm64', folder: 'linux_arm64' },
  'alpine-x64': { sharp: 'linuxmusl-x64', koffi: 'linux-x64', folder: 'musl_x64' },
  'alpine-arm64': { sharp: 'linuxmusl-arm64', koffi: 'linux-arm64', folder: 'musl_arm64' },
  'darwin-x64': { sharp: 'darwin-x64', koffi: 'darwin-x64', folder: 'darwin_x64' },
  'darwin-arm64': { sharp: 'darwin-arm64', koffi: 'darwin-arm64', folder: 'darwin_arm64' },
};
const isOfPlatform = (name) => /^@koromix\/koffi-|^@img\/sharp-/.test(name);

/** VS Code's name of this platform. */
export function ownTarget() {
  const musl =
    process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
  return `${musl ? 'alpine' : process.platform}-${process.arch}`;
}

/** Copies the packages that a platform needs. @param folder target, `dist/node_modules` */
export function copyNativePackages(folder, target) {
  const own = filesOf(loadedFiles());
  if (target === ownTarget()) return copy(own, modules, folder);
  if (!platforms[target])
    throw new Error(`${target} is not one of ${Object.keys(platforms).join(', ')}.`);
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

/** The packages of a platform, with filters for the files that are loaded on it. */
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

/** Downloads a package in the version of package-lock.json, or uses npm's cache. @throws if its checksum differs */
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
 * Lists the files in node_modules, including native libraries, that Node loads to decode an image and to call a C function.
 * Runs a process that does both.
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

/** Adds the manifests and licenses of their packages to the files; licenses require redistribution. */
function filesOf(loaded) {
  const files = new Set(loaded);
  for (const folder of new Set(loaded.map(packageOf))) {
    files.add(join(folder, 'package.json'));
    const legal = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name));
    // A package without a license file specifies it in its README.
    const passedOn =
      legal.length > 0 ? legal : readdirSync(folder).filter((name) => /^readme/i.test(name));
    for (const name of passedOn) files.add(join(folder, name));
  }
  return [...files];
}

/** The folder of the package that contains a file. */
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
