// `npm run test:soak -- --minutes 60 --evaluations 10000`: whether memory and descriptors stay where they are. The
// sample trains with an evaluation each epoch and its dashboard open in VS Code; then a tiny model is evaluated so
// many times in one process. Prints the slope of each memory with its standard error; 0 leaves a part out.
// Figures go to bench/results/soak.json and evaluations.json.
import { join } from 'node:path';
import { build, installDependencies, installRuntime, must, root } from './steps.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const minutes = option('minutes', 60);
const evaluations = option('evaluations', 10_000);
if (!(minutes >= 0) || !(evaluations >= 0)) {
  console.error('npm run test:soak -- --minutes N --evaluations N: numbers are needed');
  process.exit(2);
}
await installDependencies();
await build();
await installRuntime();
await must('Installing VS Code and a browser', process.execPath, ['scripts/testTools.mjs']);
const parts = [...(minutes > 0 ? ['dashboard'] : []), ...(evaluations > 0 ? ['evaluations'] : [])];
await must(
  'The soak',
  join(root, 'node_modules', '.bin', 'vitest'),
  ['run', '--config', 'bench/soak/soak.config.mts', ...parts.map((name) => `${name}.soak`)],
  {
    env: {
      ...process.env,
      NLVR_SOAK_MINUTES: String(minutes),
      NLVR_SOAK_EVALUATIONS: String(evaluations),
    },
  },
);
