// `npm start`: from a new clone to a trained sample model. Skips each part whose result already exists.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, installDependencies, installRuntime, must, root } from './steps.mjs';

const heading = (text) => console.log(`\n▸ ${text}`);

heading('Dependencies and build');
await installDependencies();
await build();

heading('TensorFlow runtime');
await installRuntime();

heading('Sample data set');
const sample = join(root, 'sample');
if (existsSync(join(sample, 'nlvr.yaml'))) console.log('sample/ already exists.');
else
  await must('Creating the sample data set', process.execPath, ['dist/cli.js', 'sample', 'sample']);

heading('Training');
let name = 'output/sample';
for (let n = 2; existsSync(join(root, name)); n++) name = `output/sample-${n}`;
await must('Training', process.execPath, [
  'dist/cli.js',
  'train',
  '--config',
  'sample/nlvr.yaml',
  '--output_dir',
  name,
]);

console.log(`
Where to look
  ${name}/                        the run: events, log, checkpoints, predictions
  sample/                         the data set and its nlvr.yaml
  npm run package                 builds the VS Code extension; install the .vsix, open this folder,
                                  and run "NLVR: Open Training Dashboard" from the command palette
`);
