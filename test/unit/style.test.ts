/** Checks docs/style.md's list of refused words in the texts of the interface, the documents and the source files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The words of the last section of docs/style.md: `word` or `word, word` before each colon. */
function refusedWords(): string[] {
  const [, section = ''] = read('docs/style.md').split('## Refused words');
  return [...section.matchAll(/^- ([^:\n]+):/gm)].flatMap(([, words]) => words.split(', '));
}

const refused = new RegExp(`\\b(${refusedWords().join('|')})\\b`, 'i');

/** The lines with a refused word, with their file. */
function faults(place: string, lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const word = refused.exec(line)?.[0];
    return word === undefined ? [] : [`${place}: "${word}" in: ${line.trim()}`];
  });
}

it('finds a refused word', () => {
  expect(refusedWords().length).toBeGreaterThan(10);
  expect(faults('here', ['Mend the file.', 'Correct the file.'])).toEqual([
    'here: "Mend" in: Mend the file.',
  ]);
});

it.each(['l10n/bundle.l10n.json', 'package.nls.json'])('%s has no refused words', (file) => {
  const texts = JSON.parse(read(file)) as Record<string, string>;
  expect(Object.keys(texts).length).toBeGreaterThan(0);
  expect(faults(file, Object.values(texts))).toEqual([]);
});

it('the manifest and the documents have no refused words', () => {
  const documents = readdirSync(join(root, 'docs'))
    // The page that lists them.
    .filter((name) => name.endsWith('.md') && name !== 'style.md')
    .map((name) => join('docs', name));
  const files = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'package.json', ...documents];
  expect(files.length).toBeGreaterThan(10);
  expect(files.flatMap((file) => faults(file, read(file).split('\n')))).toEqual([]);
});

it('comments, names and tests have no refused words', () => {
  const files = ['src', 'test', 'scripts', 'bench', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|tsx|mts|mjs|py|css|md)$/.test(name))
      .map((name) => join(folder, name)),
  );
  expect(files.length).toBeGreaterThan(500);
  const allowed = new Set([
    // Its patterns match words of NLVR2's sentences.
    join('src', 'analysis', 'slices.ts'),
    join('test', 'unit', 'style.test.ts'),
  ]);
  const found = files
    .filter((file) => !allowed.has(file))
    // VS Code's name of a column.
    .flatMap((file) => faults(file, read(file).replaceAll('ViewColumn.Beside', '').split('\n')));
  expect(found).toEqual([]);
});
