// `npm run package`: makes the VSIX for a platform, on any machine. It needs no node_modules next to it: the bundles are
// built for production, and the two packages with native parts (koffi, sharp) lie in dist/node_modules, with no file that
// is not loaded.
//
//   node scripts/package.mjs [--target linux-x64,linux-arm64,darwin-arm64] [--out FILE.vsix | --out FOLDER] [--dist FOLDER]
//
// Without --target it is for this platform. Of several, --out is a folder. --dist takes bundles that are built already.
import { createVSIX } from '@vscode/vsce';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyNativePackages, ownTarget } from './nativeParts.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The manifest that ships: what only the project's own development needs is left out. */
function shippedManifest() {
  const { scripts, dependencies, devDependencies, private: _, ...rest } = manifest;
  return JSON.stringify(rest, null, 2) + '\n';
}

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const targets = option('--target')?.split(',') ?? [ownTarget()];
const fileOf = (target) => {
  const name = `${manifest.name}-${target}-${manifest.version}.vsix`;
  const out = option('--out');
  if (out === undefined) return resolve(name);
  return targets.length === 1 ? resolve(out) : resolve(out, name);
};
const parts = [
  '.vscodeignore',
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'ThirdPartyNotices.txt',
  'l10n',
  'media',
  'configs',
  // The read-me's pictures and links.
  'docs',
  'examples',
];
const stage = mkdtempSync(join(tmpdir(), 'nlvr-vsix-'));
try {
  const dist = join(stage, 'dist');
  const built = option('--dist');
  if (built !== undefined)
    cpSync(resolve(built), dist, { recursive: true, filter: (file) => !file.endsWith('.map') });
  else {
    const build = ['scripts/build.mjs', '--quiet', '--production', '--outdir', dist];
    execFileSync(process.execPath, build, { cwd: root, stdio: 'inherit' });
  }
  rmSync(join(dist, 'packages.json'));
  const texts = readdirSync(root).filter((name) => /^package\.nls.*\.json$/.test(name));
  for (const part of [...parts, ...texts])
    if (existsSync(join(root, part)))
      cpSync(join(root, part), join(stage, part), { recursive: true });
  writeFileSync(join(stage, 'package.json'), shippedManifest());
  for (const target of targets) {
    rmSync(join(dist, 'node_modules'), { recursive: true, force: true });
    copyNativePackages(join(dist, 'node_modules'), target);
    const file = fileOf(target);
    mkdirSync(dirname(file), { recursive: true });
    await createVSIX({
      cwd: stage,
      packagePath: file,
      target,
      dependencies: false,
      rewriteRelativeLinks: false,
      allowMissingRepository: true,
    });
    console.log(
      `${relative(process.cwd(), file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB for ${target}`,
    );
  }
} finally {
  rmSync(stage, { recursive: true, force: true });
}
