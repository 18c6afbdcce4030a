// Installs PyTorch's CPU build in a virtual environment in the per-user cache, for the benchmarks that compare with it and for
// the tests of examples/python. Installed once; an interrupted installation starts again.
//
//   node scripts/pytorch.mjs        installs it if necessary and prints its interpreter
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export const TORCH = '2.13.0';
/** Packages that the benchmarks need. */
const packages = [`torch==${TORCH}`, 'numpy', 'safetensors'];

/** The folder of the environment, which may not exist. */
function folder() {
  const cache =
    process.env.NLVR_CACHE_DIR ??
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nlvr-workbench');
  return join(cache, `bench-torch-${TORCH}`);
}

/** Installs PyTorch if necessary. @returns the Python interpreter */
export function pytorch() {
  const venv = folder();
  const python = join(venv, 'bin', 'python');
  const ready = join(venv, 'ready');
  if (existsSync(ready)) return python;
  process.stderr.write(`installing PyTorch ${TORCH} (CPU, about 200 MB)\n`);
  mkdirSync(venv, { recursive: true });
  const stdio = ['ignore', 2, 'inherit'];
  execFileSync('python3', ['-m', 'venv', '--clear', venv], { stdio });
  execFileSync(python, ['-m', 'pip', 'install', '-q', ...packages], { stdio });
  writeFileSync(ready, '');
  return python;
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href)
  process.stdout.write(`${pytorch()}\n`);
