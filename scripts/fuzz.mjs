// `npm run test:fuzz`: fuzzes the readers of files from other sources with a million inputs.
// `-- --only yaml,csv`, `--runs N` (of each reader), `--seed N`.
// Failing inputs are minimized and written to test/fuzz/findings, which `npm test` replays.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import ts from 'typescript';
import { root } from './steps.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const names = 'yaml,annotations,pth,safetensors,events,predictions,tensorboard,csv';
const only = option('only', names).split(',');
const runs = Number(option('runs', 125_000));
const seed = Number(option('seed', Date.now() % 1_000_000));
const findings = join(root, 'test', 'fuzz', 'findings');
// Use a RAM disk if there is one, because every input is written to a file.
const disk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const scratch = mkdtempSync(join(disk, 'nlvr-fuzz-'));

/** Adds a counter to every function and branch of a program. @returns the program and the number of counters */
function instrument(text) {
  const source = ts.createSourceFile('fuzz.js', text, ts.ScriptTarget.ES2022, true);
  let count = 0;
  const f = ts.factory;
  const hit = () =>
    f.createPostfixIncrement(
      f.createElementAccessExpression(f.createIdentifier('__branches'), count++),
    );
  const first = (body) => f.createBlock([f.createExpressionStatement(hit()), ...body]);
  const isDirective = (statement) =>
    ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression);
  const transform = (context) => {
    const visit = (node) => {
      const seen = ts.visitEachChild(node, visit, context);
      if (ts.isBlock(seen)) {
        if (seen.statements.some(isDirective)) return seen;
        return f.updateBlock(seen, [f.createExpressionStatement(hit()), ...seen.statements]);
      }
      if (ts.isCaseClause(seen))
        return f.updateCaseClause(seen, seen.expression, [
          f.createExpressionStatement(hit()),
          ...seen.statements,
        ]);
      if (ts.isDefaultClause(seen))
        return f.updateDefaultClause(seen, [
          f.createExpressionStatement(hit()),
          ...seen.statements,
        ]);
      if (ts.isIfStatement(seen)) {
        const branch = (each) => (each && !ts.isBlock(each) ? first([each]) : each);
        return f.updateIfStatement(
          seen,
          seen.expression,
          branch(seen.thenStatement),
          seen.elseStatement && !ts.isIfStatement(seen.elseStatement)
            ? branch(seen.elseStatement)
            : seen.elseStatement,
        );
      }
      const counted = (each) =>
        f.createParenthesizedExpression(
          f.createComma(hit(), f.createParenthesizedExpression(each)),
        );
      if (ts.isConditionalExpression(seen))
        return f.updateConditionalExpression(
          seen,
          seen.condition,
          seen.questionToken,
          counted(seen.whenTrue),
          seen.colonToken,
          counted(seen.whenFalse),
        );
      if (
        ts.isBinaryExpression(seen) &&
        [
          ts.SyntaxKind.AmpersandAmpersandToken,
          ts.SyntaxKind.BarBarToken,
          ts.SyntaxKind.QuestionQuestionToken,
        ].includes(seen.operatorToken.kind)
      )
        return f.updateBinaryExpression(seen, seen.left, seen.operatorToken, counted(seen.right));
      if (ts.isArrowFunction(seen) && !ts.isBlock(seen.body))
        return f.updateArrowFunction(
          seen,
          seen.modifiers,
          seen.typeParameters,
          seen.parameters,
          seen.type,
          seen.equalsGreaterThanToken,
          counted(seen.body),
        );
      return seen;
    };
    return (file) => ts.visitNode(file, visit);
  };
  const { transformed } = ts.transform(source, [transform]);
  const printed = ts.createPrinter().printFile(transformed[0]);
  return { code: `const __branches = new Uint8Array(${count});\n${printed}`, count };
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'test', 'fuzz', 'fuzz.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
    define: { 'import.meta.dirname': JSON.stringify(join(root, 'test', 'fuzz')) },
  });
  const file = join(scratch, 'fuzz.cjs');
  writeFileSync(file, instrument(outputFiles[0].text).code);
  return file;
}

/** Runs the fuzzer for one target. @returns its summary and the findings */
async function fuzz(program, target) {
  const folder = mkdtempSync(join(scratch, `${target}-`));
  mkdirSync(join(folder, 'images'));
  const child = spawn(process.execPath, [program, JSON.stringify({ target, runs, seed, folder })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let summary;
  const found = [];
  const keep = (what, input) => {
    const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
    const file = join('test', 'fuzz', 'findings', target, name);
    mkdirSync(join(findings, target), { recursive: true });
    writeFileSync(join(root, file), input);
    found.push(what);
    console.log(`${target}: ${what}\n  ${file}, ${input.length} bytes`);
  };
  const exited = new Promise((settle) => child.once('exit', settle));
  for await (const line of createInterface({ input: child.stdout })) {
    const result = JSON.parse(line);
    if (result.input === undefined) summary = result;
    else keep(result.what, Buffer.from(result.input, 'base64'));
  }
  await exited;
  // V8 ends the process when memory runs out: the input is the last file.
  if (!summary) {
    const file = readFileSync(join(folder, 'input'));
    const isWrapped = ['pth', 'safetensors', 'tensorboard'].includes(target);
    keep('the process ended', isWrapped ? Buffer.concat([Buffer.of(0), file]) : file);
  }
  return { summary, found };
}

let failures = 0;
let total = 0;
try {
  const program = await bundle();
  console.log(`seed ${seed}, ${runs} inputs for each of ${only.join(', ')}`);
  const row = (...cells) =>
    console.log(cells.map((cell, i) => String(cell).padEnd(i === 0 ? 13 : 11)).join(''));
  row('reader', 'inputs', 'read', 'parents', 'branches', 'slowest', 'memory', 'seconds', 'found');
  for (const target of only) {
    const { summary, found } = await fuzz(program, target);
    failures += found.length;
    total += summary?.runs ?? 0;
    if (summary)
      row(
        target,
        summary.runs,
        summary.read,
        summary.parents,
        summary.branches,
        `${summary.slowestMs} ms`,
        `${summary.peakMb} MB`,
        summary.seconds,
        found.length,
      );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${total} inputs, ${failures} findings`);
process.exit(failures === 0 ? 0 : 1);
