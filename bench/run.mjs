// `npm run bench`: installs dependencies, then measures training and evaluation steps compared with PyTorch (bench/steps.mjs)
// and the panels in a real VS Code (bench/panels.config.mts). Do not use the machine meanwhile.
//   npm run bench -- steps [flags of bench/steps.mjs]
//   npm run bench -- panels
//   npm run bench -- ranks [flags of bench/ranks.mjs]: several processes compared with one
//   npm run bench -- shared [flags of bench/sharedImages.mjs]: evaluation where examples share images
//   npm run bench -- scale [flags of bench/scale.mjs]: two hosts at several bandwidths, and the cost model (root, Linux)
import { join } from 'node:path';
import { build, installDependencies, installRuntime, must, root } from '../scripts/steps.mjs';

const [part, ...flags] = process.argv.slice(2);
if (part !== undefined && !['steps', 'panels', 'ranks', 'scale', 'shared'].includes(part)) {
  console.error(`npm run bench -- [steps|panels|ranks|scale|shared], not ${part}`);
  process.exit(2);
}
await installDependencies();
await build();
await installRuntime();
const scripts = { ranks: 'ranks', scale: 'scale', shared: 'sharedImages' };
if (part in scripts) {
  await must(`Timing ${part}`, process.execPath, [`bench/${scripts[part]}.mjs`, ...flags]);
  process.exit(0);
}
if (part !== 'panels') await must('Timing steps', process.execPath, ['bench/steps.mjs', ...flags]);
if (part !== 'steps') {
  await must('Installing VS Code and a browser', process.execPath, ['scripts/testTools.mjs']);
  await must('Timing the panels', join(root, 'node_modules', '.bin', 'vitest'), [
    'run',
    '--config',
    'bench/panels.config.mts',
  ]);
}
