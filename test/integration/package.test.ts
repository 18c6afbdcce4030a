/** Checks the native parts in the packages of each platform, which are built on this machine. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import yauzl from 'yauzl';
import { sharedFolder } from './tinyProject';

const run = promisify(execFile);
const targets = ['linux-x64', 'linux-arm64', 'darwin-arm64'] as const;
const out = sharedFolder();
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  name: string;
  version: string;
};

beforeAll(async () => {
  // Uses the bundles of the tests: only the other files of the package are checked here.
  const options = ['--target', targets.join(','), '--out', out, '--dist', 'dist'];
  await run(process.execPath, ['scripts/package.mjs', ...options]);
}, 240_000);

/** Selected files of a package, by their names in the extension. */
async function filesIn(file: string, wanted: RegExp): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const zip = await yauzl.openPromise(file);
  for await (const entry of zip.eachEntry()) {
    if (!wanted.test(entry.fileName)) continue;
    const stream = await zip.openReadStreamPromise(entry);
    found.set(entry.fileName.replace(/^extension\//, ''), await buffer(stream));
  }
  return found;
}

/** The platform of a library from its header: ELF's `e_machine`, Mach-O's `cputype`. */
function platformOf(library: Buffer): string {
  if (library.readUInt32BE(0) === 0x7f454c46)
    return `linux-${{ 0x3e: 'x64', 0xb7: 'arm64' }[library.readUInt16LE(18)]}`;
  if (library.readUInt32LE(0) === 0xfeedfacf)
    return `darwin-${{ 0x01000007: 'x64', 0x0100000c: 'arm64' }[library.readUInt32LE(4)]}`;
  return 'unknown';
}

describe.each(targets)('the package for %s', (target) => {
  it('contains the native parts of this platform only, its name, and the licenses', async () => {
    const wanted = /\.(node|dylib)$|\.so[.\d]*$|^extension\.vsixmanifest$|ThirdParty|LICENSE/;
    const files = await filesIn(join(out, `${name}-${target}-${version}.vsix`), wanted);
    expect(files.get('extension.vsixmanifest')?.toString()).toContain(`TargetPlatform="${target}"`);
    const libraries = [...files].filter(([file]) => /\.(node|dylib)$|\.so[.\d]*$/.test(file));
    expect(libraries.map(([file]) => file.split('/')[2]).sort()).toEqual(
      ['@img', '@img', '@koromix'].sort(),
    );
    for (const [file, library] of libraries) expect(platformOf(library), file).toBe(target);
    expect(files.get('ThirdPartyNotices.txt')?.toString()).toMatch(/libvips[^]*LESSER GENERAL/);
  });
});

it('ThirdPartyNotices.txt lists all packages in the bundles', () => {
  const notices = readFileSync('ThirdPartyNotices.txt', 'utf8');
  const packages = JSON.parse(readFileSync('dist/packages.json', 'utf8')) as string[];
  expect(packages.length).toBeGreaterThan(30);
  for (const folder of [...packages, 'node_modules/koffi', 'node_modules/sharp']) {
    const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    expect(notices).toContain(`\n${found.name} ${found.version} (`);
  }
  for (const text of ['Vocabulary of bert-base-uncased', 'GNU GENERAL PUBLIC LICENSE'])
    expect(notices).toContain(text);
});
