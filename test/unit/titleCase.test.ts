/** Checks that commands and buttons are in title case, as docs/style.md requires. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

const SMALL_WORDS = new Set(
  'a an and as at but by for from in into nlvr of on or the to with'.split(' '),
);

/** Texts of buttons that name no action: they state a value, such as a count, or continue a sentence. */
const VALUES = new Set([
  '1 error',
  '{0} errors',
  '1 warning',
  '{0} warnings',
  'line {0}',
  'whole sentence',
  'left ⇄ right',
  'epoch',
  'eval',
]);

function isTitleCase(text: string): boolean {
  if (VALUES.has(text)) return true;
  return (
    text
      .split(' ')
      // Names of files are written as they are.
      .every((word, i) => !/^[a-z][^._]*$/.test(word) || (i > 0 && SMALL_WORDS.has(word)))
  );
}

/** Descriptions within a button: hidden texts for screen readers, details and warnings. */
const isDescription = (node: ts.Node): boolean =>
  ts.isJsxElement(node) &&
  /visually-hidden|warning-text|muted/.test(node.openingElement.attributes.getText());

/** The translated texts in a node: the literals given to `t`. */
function translated(node: ts.Node): string[] {
  const texts: string[] = [];
  const visit = (each: ts.Node): void => {
    if (isDescription(each)) return;
    if (
      ts.isStringLiteral(each) &&
      ts.isCallExpression(each.parent) &&
      each.parent.expression.getText() === 't'
    )
      texts.push(each.text);
    ts.forEachChild(each, visit);
  };
  visit(node);
  return texts;
}

/** The text of a button that shows only an icon: its accessible name, otherwise its tooltip. */
function iconTexts(attributes: ts.JsxAttributes): string[] {
  const named = (name: string) =>
    attributes.properties.filter((each) => each.name?.getText() === name).flatMap(translated);
  const [label = []] = ['aria-label', 'label', 'title']
    .map(named)
    .filter((texts) => texts.length > 0);
  return label;
}

/** The visible text of each button of a page. */
function buttonTexts(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
    ts.ScriptKind.TSX,
  );
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const opening = ts.isJsxElement(node)
      ? node.openingElement
      : ts.isJsxSelfClosingElement(node)
        ? node
        : undefined;
    if (opening && /^button$|Button$/.test(opening.tagName.getText())) {
      const isIcon = ts.isJsxSelfClosingElement(node) || /icon-only/.test(opening.getText());
      const children = ts.isJsxElement(node) ? node.children : [];
      texts.push(...(isIcon ? iconTexts(opening.attributes) : children.flatMap(translated)));
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

it('recognizes title case', () => {
  expect(isTitleCase('Remove {0} from Comparison')).toBe(true);
  expect(isTitleCase('Swap images')).toBe(false);
  expect(isTitleCase('the log')).toBe(false);
});

it('buttons of the pages are in title case', () => {
  const folder = join(root, 'src/webview');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.tsx'),
  );
  const all = files.flatMap((name) => buttonTexts(join(folder, name)));
  expect(all.length).toBeGreaterThan(80);
  expect(all.filter((text) => !isTitleCase(text))).toEqual([]);
});

it('commands are in title case', () => {
  const texts = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Record<
    string,
    string
  >;
  const commands = Object.entries(texts).filter(([key]) => key.startsWith('command.'));
  expect(commands.length).toBeGreaterThan(30);
  expect(commands.filter(([, text]) => !isTitleCase(text))).toEqual([]);
});
