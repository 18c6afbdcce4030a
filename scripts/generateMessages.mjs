// Generates src/run/tensorboard/generated/event.js and its types from event.proto with pbjs, whose code needs no runtime
// library. Run it after event.proto was changed; it downloads pbjs from the npm registry.
//
//   node scripts/generateMessages.mjs
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src/run/tensorboard/event.proto');
const target = join(root, 'src/run/tensorboard/generated/event.js');
/**
 * Adds bounds checks. pbjs reads lengths as signed numbers without checking them, so a damaged file could cause an endless
 * loop.
 */
function withChecks(code) {
  const checks = [
    [/if \((bb\.offset \+ offset > bb\.limit)\)/, 'if (offset < 0 || $1)'],
    [/if \((offset \+ count > bb\.limit)\)/, 'if (count < 0 || $1)'],
    [
      /(let limit = bb\.limit;)(\s+bb\.limit = bb\.offset \+ length;)/,
      "$1\n  if (length < 0 || bb.offset + length > limit) throw new Error('Length past limit');$2",
    ],
  ];
  return checks.reduce((text, [place, check]) => {
    if (!place.test(text)) throw new Error(`pbjs writes other code than expected: ${place}`);
    return text.replace(place, check);
  }, code);
}

const scratch = mkdtempSync(join(tmpdir(), 'nlvr-messages-'));
try {
  const generated = join(scratch, 'event.ts');
  execFileSync('npx', ['--yes', 'pbjs@0.0.14', source, '--ts', generated], { stdio: 'inherit' });
  const head =
    '// Made by scripts/generateMessages.mjs of ../event.proto with pbjs 0.0.14 (MIT). Do not edit.\n\n';
  const code = withChecks(readFileSync(generated, 'utf8'));
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const outputs = {
    [target]: ts.transpileModule(code, { compilerOptions }).outputText,
    [target.replace(/js$/, 'd.ts')]: ts.transpileDeclaration(code, { compilerOptions }).outputText,
  };
  mkdirSync(dirname(target), { recursive: true });
  for (const [file, text] of Object.entries(outputs)) {
    const options = { ...(await prettier.resolveConfig(file)), filepath: file };
    writeFileSync(file, await prettier.format(head + text, options));
  }
} finally {
  rmSync(scratch, { recursive: true });
}
