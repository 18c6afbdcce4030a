// `npm test`: static checks, the unit, parity and integration tests, and the end-to-end tests in a real VS Code.
// Installs their dependencies, runs all of them even if some fail, lists skipped and retried tests, and ends with one line:
// `N passed, N failed`, and `, N skipped` if there are skipped tests.
// `--only lint,unit,e2e` runs only these parts.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, installDependencies, installPytorch, installRuntime, root, run } from './steps.mjs';

const only = process.argv.includes('--only')
  ? process.argv[process.argv.indexOf('--only') + 1].split(',')
  : null;
const wanted = (part) => (only ?? ['lint', 'unit', 'e2e']).includes(part);
const scratch = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
let passed = 0;
let failed = 0;
const failures = [];
const skipped = [];
const retried = [];
const bin = (name) => join(root, 'node_modules', '.bin', name);
const testTools = 'scripts/testTools.mjs';
const heading = (text) => console.log(`\n▸ ${text}`);

/** Runs static checks, as many at a time as there are processors. The output of each follows its heading. */
async function check(checks) {
  const waiting = [...checks];
  const next = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const [what, command, ...args] = one;
      const output = join(scratch, `${what}.txt`);
      const file = openSync(output, 'w');
      const ok = (await run(command, args, { stdio: ['ignore', file, file] })) === 0;
      closeSync(file);
      heading(what);
      process.stdout.write(readFileSync(output));
      ok ? passed++ : failed++;
      if (!ok) failures.push(what);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
}

/** Runs a vitest configuration and adds its counts; a run that fails before any test counts as one failure. */
async function suite(what, config) {
  heading(what);
  const counts = join(scratch, `${config.replace(/\W/g, '-')}.json`);
  const code = await run(
    bin('vitest'),
    ['run', '--config', config, '--reporter=default', '--reporter=./scripts/testCounts.mjs'],
    { env: { ...process.env, NLVR_TEST_COUNTS: counts } },
  );
  try {
    const found = JSON.parse(readFileSync(counts, 'utf8'));
    passed += found.passed;
    failed += found.failed === 0 && code !== 0 ? 1 : found.failed;
    failures.push(...found.failures);
    skipped.push(...found.skips);
    retried.push(...found.retried);
  } catch {
    failed++;
  }
}

/**
 * Installs the tools of the tests, one after the other: only one program at a time can install Debian packages.
 * @returns whether the end-to-end tests can run
 */
async function installTools() {
  if (!wanted('unit') && !wanted('e2e')) return false;
  await installRuntime();
  if (wanted('unit') && (await run(process.execPath, [testTools, '--only', 'network'])) !== 0)
    console.log('The tests with several hosts are skipped: iproute2 could not be installed.');
  await installPytorch();
  return wanted('e2e') && (await run(process.execPath, [testTools])) === 0;
}

await installDependencies();
await build();
// Installing mostly waits for the network and the disk: the static checks run at the same time.
const installing = installTools();
if (wanted('lint'))
  await check([
    ['Lint', bin('eslint'), 'src', 'test', 'bench'],
    ['Types', bin('tsc'), '-p', '.'],
    ['Spelling', bin('cspell'), 'lint', '--no-progress', '--no-summary'],
    ['Types of the webviews', bin('tsc'), '-p', 'src/webview'],
    ['Types of their tests', bin('tsc'), '-p', 'test/tsconfig.webview.json'],
    ['Layers and cycles', bin('depcruise'), 'src', '--config', '.dependency-cruiser.cjs'],
    ['Format', bin('prettier'), '--check', '--log-level=warn', '.'],
    ['Generated files are fresh', process.execPath, 'scripts/generate.mjs', '--check'],
  ]);
const canRunE2e = await installing;
if (wanted('unit')) await suite('Unit, parity and integration tests', 'vitest.config.mts');
if (wanted('e2e')) {
  if (canRunE2e) await suite('End-to-end tests in VS Code', 'test/e2e/vitest.config.mts');
  else {
    failed++;
    failures.push('the tools for the end-to-end tests could not be installed');
  }
}
rmSync(scratch, { recursive: true, force: true });
for (const name of failures) console.log(`failed: ${name}`);
for (const name of skipped) console.log(`skipped: ${name}`);
for (const name of retried) console.log(`tried again: ${name}`);
console.log(`${retried.length} tried again`);
const end = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
console.log(`\n${passed} passed, ${failed} failed${end}`);
process.exit(failed === 0 ? 0 : 1);
