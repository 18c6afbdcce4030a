// `npm run package`: builds the VSIX for a platform, on any machine. It contains production bundles instead of node_modules;
// only the two packages with native parts (koffi, sharp) are in dist/node_modules, with only the files that are loaded.
//
//   node scripts/package.mjs [--target linux-x64,linux-arm64,darwin-arm64] [--out FILE.vsix | --out FOLDER] [--dist FOLDER]
//
// Without --target, it is for this platform. With several targets, --out is a folder. --dist uses existing bundles.
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

/** The manifest of the package, without keys that are only for development. */
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
  // Images and links of the README.
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
