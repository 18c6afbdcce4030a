// `npm run package`: makes the VSIX for this platform. It needs no node_modules beside it: the bundles are built for
// production, and the two packages with native parts (koffi, sharp) lie in dist/node_modules, with no file that is
// not loaded.
//
//   node scripts/package.mjs [--out FILE.vsix]
import { createVSIX } from '@vscode/vsce';
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
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Node tells where files really are, also when this is a link. */
const modules = realpathSync(join(root, 'node_modules'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** VS Code's name for this platform. */
function platformTarget() {
  const musl =
    process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
  return `${musl ? 'alpine' : process.platform}-${process.arch}`;
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

/** Folder of the package that a file belongs to. */
function packageOf(file) {
  let folder = dirname(file);
  while (
    !existsSync(join(folder, 'package.json')) ||
    !JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name
  )
    folder = dirname(folder);
  return folder;
}

function copyNativePackages(target) {
  const files = new Set(loadedFiles());
  for (const folder of new Set([...files].map(packageOf))) {
    files.add(join(folder, 'package.json'));
    // The licences ask to be passed on; a package without one of its own names it in its read-me.
    const legal = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name));
    const passedOn =
      legal.length > 0 ? legal : readdirSync(folder).filter((name) => /^readme/i.test(name));
    for (const name of passedOn) files.add(join(folder, name));
  }
  for (const file of files) {
    const copy = join(target, relative(modules, file));
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(file, copy, { dereference: true });
  }
}

/** The manifest that ships: what only the project's own development needs is left out. */
function shippedManifest() {
  const { scripts, dependencies, devDependencies, private: _, ...rest } = manifest;
  return JSON.stringify(rest, null, 2) + '\n';
}

const outAt = process.argv.indexOf('--out');
const target = platformTarget();
const out = resolve(
  outAt < 0 ? `${manifest.name}-${target}-${manifest.version}.vsix` : process.argv[outAt + 1],
);
const stage = mkdtempSync(join(tmpdir(), 'nlvr-vsix-'));
try {
  const build = ['scripts/build.mjs', '--quiet', '--production', '--outdir', join(stage, 'dist')];
  execFileSync(process.execPath, build, { cwd: root, stdio: 'inherit' });
  copyNativePackages(join(stage, 'dist', 'node_modules'));
  const parts = [
    '.vscodeignore',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'l10n',
    'media',
    'configs',
    // The read-me's pictures and links.
    'docs',
    'examples',
  ];
  const texts = readdirSync(root).filter((name) => /^package\.nls.*\.json$/.test(name));
  for (const part of [...parts, ...texts])
    if (existsSync(join(root, part)))
      cpSync(join(root, part), join(stage, part), { recursive: true });
  writeFileSync(join(stage, 'package.json'), shippedManifest());
  await createVSIX({
    cwd: stage,
    packagePath: out,
    target,
    dependencies: false,
    rewriteRelativeLinks: false,
    allowMissingRepository: true,
  });
  console.log(
    `${relative(process.cwd(), out)}: ${(statSync(out).size / 1e6).toFixed(1)} MB for ${target}`,
  );
} finally {
  rmSync(stage, { recursive: true, force: true });
}
