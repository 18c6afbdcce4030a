import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { VscodeServer } from '../../../scripts/testTools.mjs';
import { markedEnvironment } from './processes';

/** The parts of the working tree that make up an extension folder. */
const parts = [
  'dist',
  'media',
  'configs',
  'docs',
  'examples',
  'l10n',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
];

/**
 * Installs the extension for a server.
 * @param vsix the package, or undefined to copy the built working tree.
 * @returns the server's `--extensions-dir`.
 */
export function installExtension(
  server: VscodeServer,
  vsix: string | undefined,
  folder: string,
  mark: string,
): string {
  mkdirSync(folder, { recursive: true });
  if (vsix === undefined) {
    copyWorkingTree(folder);
    return folder;
  }
  execFileSync(
    server.node,
    [server.entry, '--extensions-dir', folder, '--user-data-dir', `${folder}-data`].concat(
      '--install-extension',
      resolve(vsix),
    ),
    { env: markedEnvironment(mark), stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return folder;
}

function copyWorkingTree(folder: string): void {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;
  const target = join(folder, `${manifest.publisher}.${manifest.name}-${manifest.version}`);
  mkdirSync(target);
  for (const file of ['package.json', 'package.nls.json', 'package.nls.zh-cn.json', ...parts])
    if (existsSync(file)) cpSync(file, join(target, file), { recursive: true });
  symlinkSync(resolve('node_modules'), join(target, 'node_modules'));
}
