import { execFileSync } from 'node:child_process';

/** Tests of the command line and of worker threads run what ships: the bundles in `dist/`. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs', '--quiet'], { stdio: 'inherit' });
}
