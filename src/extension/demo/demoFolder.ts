/** Where the runs of the demo are on this machine. */
import { isInside } from '../../run/runImages';

let home: string | undefined;

/** @param folder absolute; the extension's own, which no workspace can write to */
export function keepDemoIn(folder: string): void {
  home = folder;
}

/** @throws {Error} before `keepDemoIn` */
export function demoHome(): string {
  if (home === undefined) throw new Error('the folder of the demo is not known');
  return home;
}

/** Whether a path is one of the demo: a run's folder, or that of its images. */
export function isDemo(path: string): boolean {
  return home !== undefined && isInside(home, path);
}
