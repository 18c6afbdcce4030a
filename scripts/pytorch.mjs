// PyTorch's CPU build in a virtual environment of its own, in the per-user cache: for the benchmarks, which are timed
// next to it, and for the tests of examples/python. Made once; an interrupted install is begun again.
//
//   node scripts/pytorch.mjs        installs it where it is missing, and prints its interpreter
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export const TORCH = '2.13.0';
/** What the benchmarks need next to it. */
const packages = [`torch==${TORCH}`, 'numpy', 'safetensors'];

/** The folder of the environment, whether it is there or not. */
function folder() {
  const cache =
    process.env.NLVR_CACHE_DIR ??
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nlvr-workbench');
  return join(cache, `bench-torch-${TORCH}`);
}

/** Installs PyTorch where it is missing. @returns its Python interpreter */
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
