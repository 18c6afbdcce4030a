// `npm run test:faults`: fault injection tests of the training in their long form (a short form is part of `npm test`).
// Arguments are names of test files: `-- kills powerCut`. Prints a table of injected faults, recoveries and losses at the end.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, installDependencies, installRuntime, root, run } from './steps.mjs';

await installDependencies();
await build();
await installRuntime();
const scratch = mkdtempSync(join(tmpdir(), 'nlvr-faults-'));
const table = join(scratch, 'table.jsonl');
const code = await run(
  join(root, 'node_modules', '.bin', 'vitest'),
  ['run', '--config', 'test/faults/vitest.config.mts', ...process.argv.slice(2)],
  { env: { ...process.env, NLVR_FAULTS: 'long', NLVR_FAULT_TABLE: table } },
);
const rows = existsSync(table)
  ? readFileSync(table, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];
console.log('\n| fault | tried | survived | lost |\n| --- | --: | --: | --- |');
for (const { fault, tried, survived, lost } of rows)
  console.log(`| ${fault} | ${tried} | ${survived} | ${lost} |`);
rmSync(scratch, { recursive: true });
process.exit(code);
