/** Loads parts of the extension without VS Code: bundled by esbuild, with a fake of the module `vscode`. */
import { readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { build } from 'esbuild';

/** A fake of any VS Code object: calls, constructors and properties return such a fake. */
export function nothing(known: Record<string, unknown> = {}): unknown {
  const read = (_: unknown, key: string | symbol): unknown => {
    if (typeof key === 'string' && Object.hasOwn(known, key)) return known[key];
    if (key === 'then' || key === Symbol.hasInstance) return undefined;
    if (key === Symbol.iterator) return () => [].values();
    if (key === Symbol.toPrimitive) return () => '';
    return nothing();
  };
  return new Proxy(function () {}, {
    get: read,
    set: () => true,
    apply: () => nothing(),
    construct: () => nothing() as object,
  });
}

/** The members of the module. They must exist by name, because a bundle copies them. */
function vscodeModule(known: Record<string, unknown>): Record<string, unknown> {
  const members = readdirSync('src/extension', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(join('src/extension', file), 'utf8').matchAll(/\bvscode\.(\w+)/g),
    ])
    .map(([, member]) => [member, nothing()] as const);
  return { ...Object.fromEntries(members), ...known };
}

/**
 * Loads a module of the extension with everything that it imports.
 * @param vscode members of VS Code with behavior
 * @param evaluated receives the paths of modules and packages as they are evaluated
 */
export async function loadWithVscode<T>(
  entry: string,
  vscode: Record<string, unknown>,
  evaluated: string[] = [],
): Promise<T> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    external: ['vscode', 'koffi', 'sharp'],
    // Assets of the build are found relative to the sources.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL('src/util/assets.ts').href) },
    logLevel: 'error',
    plugins: [
      {
        name: 'report',
        setup: (bundle) =>
          bundle.onLoad({ filter: /\.(ts|m?js)$/ }, async ({ path }) => ({
            contents: `evaluated.push(${JSON.stringify(relative('.', path))});${await readFile(path, 'utf8')}`,
            loader: path.endsWith('.ts') ? 'ts' : 'js',
          })),
      },
    ],
  });
  const required = createRequire(import.meta.url);
  const fake = vscodeModule(vscode);
  const module = { exports: {} as T };
  const parameters = ['module', 'exports', 'require', 'evaluated'];
  const run = compileFunction(outputFiles[0].text, parameters) as (...args: unknown[]) => void;
  const require = (id: string): unknown => (id === 'vscode' ? fake : (required(id) as unknown));
  run(module, module.exports, require, evaluated);
  return module.exports;
}
