// Collects the texts to translate: literal arguments of `vscode.l10n.t`, `t` and `translate` in src/extension and src/webview
// and of `localize` in all of src, and the descriptions of configuration keys. Writes them to l10n/bundle.l10n.json (VS Code's
// export format, key = English text), and reports missing and unused translations, messages that cannot be collected, and
// placeholders that do not match the values.
//
//   node scripts/strings.mjs [--check]
import { buildSync } from 'esbuild';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const translators = new Set(['t', 'translate', 'localize']);

/** @returns {string[]} sorted, each once. */
export function translatedTexts() {
  return collectAll().texts;
}

/** All texts, sorted, and the problems of the calls. */
function collectAll() {
  const found = new Set();
  const problems = [];
  for (const file of readdirSync(join(root, 'src'), { recursive: true }))
    if (/\.tsx?$/.test(file)) {
      const functions = /^(extension|webview)\b/.test(file) ? translators : new Set(['localize']);
      collect(join('src', file), functions, found, problems);
    }
  collectDefinition(found);
  return { texts: [...found].sort(), problems };
}

function collect(path, functions, found, problems) {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(
    path,
    readFileSync(join(root, path), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
    kind,
  );
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.arguments.length > 0) {
      const callee = ts.isPropertyAccessExpression(node.expression)
        ? node.expression.name
        : node.expression;
      if (ts.isIdentifier(callee) && functions.has(callee.text)) {
        const texts = literals(node.arguments[0]);
        for (const text of texts) found.add(text);
        if (callee.text === 'localize') problems.push(...localizeProblems(node, texts, source));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** The literals that an expression may evaluate to. */
function literals(node) {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node)) return literals(node.expression);
  if (ts.isConditionalExpression(node))
    return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  return [];
}

/** Checks that a message has only literals, and a placeholder for each value. */
function localizeProblems(call, texts, source) {
  const { line } = source.getLineAndCharacterOfPosition(call.getStart());
  const place = `${source.fileName}:${line + 1}`;
  const [first, ...values] = call.arguments;
  const choices = (node) =>
    ts.isParenthesizedExpression(node)
      ? choices(node.expression)
      : ts.isConditionalExpression(node)
        ? choices(node.whenTrue) + choices(node.whenFalse)
        : 1;
  if (choices(first) !== texts.length) return [`${place}: a text of localize() is not a literal`];
  return texts
    .filter((text) => places(text).join() !== values.map((_, index) => `{${index}}`).join())
    .map((text) => `${place}: ${JSON.stringify(text)} has ${values.length} values`);
}

/** The distinct placeholders of a text, sorted. */
function places(text) {
  return [...new Set(text.match(/\{\d+\}/g))].sort();
}

/** Collects groups, descriptions and notes on BLIP of the configuration's keys (values need no translation). */
function collectDefinition(found) {
  const contents =
    "export { definition } from './definition'; export { groups } from './definitions/keyKinds';";
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: join(root, 'src/config'), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'cjs',
  });
  const bundle = { exports: {} };
  new Function('module', outputFiles[0].text)(bundle);
  const { definition, groups } = bundle.exports;
  const visit = (key) => {
    found.add(key.doc);
    if (key.blip?.includes(' ')) found.add(key.blip);
    Object.values(key.fields ?? {}).forEach(visit);
  };
  for (const group of groups) found.add(group);
  Object.values(definition).forEach(visit);
}

/** Problems of the translation files, as sentences. */
export function translationProblems() {
  const { texts, problems } = collectAll();
  const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
  const compare = (file, wanted, has) => {
    for (const key of wanted)
      if (!(key in has)) problems.push(`${file} lacks ${JSON.stringify(key)}`);
    for (const key of Object.keys(has))
      if (!wanted.includes(key)) problems.push(`${file} holds ${JSON.stringify(key)} for nothing`);
  };
  compare('l10n/bundle.l10n.json', texts, read('l10n/bundle.l10n.json'));
  compare('l10n/bundle.l10n.zh-cn.json', texts, read('l10n/bundle.l10n.zh-cn.json'));
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  const keys = [...new Set([...manifest.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]))];
  for (const file of ['package.nls.json', 'package.nls.zh-cn.json'])
    compare(file, keys, read(file));
  for (const [english, chinese] of Object.entries(read('l10n/bundle.l10n.zh-cn.json'))) {
    if (places(english).join() !== places(chinese).join())
      problems.push(`the translation of ${JSON.stringify(english)} has other places for values`);
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--check')) {
    const texts = Object.fromEntries(translatedTexts().map((text) => [text, text]));
    writeFileSync(join(root, 'l10n/bundle.l10n.json'), JSON.stringify(texts, null, 2) + '\n');
  }
  const problems = translationProblems();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
