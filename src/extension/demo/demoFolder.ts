/** The folder of the demo runs on this machine. */
import { isInside } from '../../run/runImages';

let home: string | undefined;

/** Sets the folder. @param folder absolute path in the storage of the extension, which no workspace can write to */
export function setDemoHome(folder: string): void {
  home = folder;
}

/** @throws {Error} before `setDemoHome` */
export function demoHome(): string {
  if (home === undefined) throw new Error('the folder of the demo is not known');
  return home;
}

/** Whether a path is in the demo: a run folder or its images. */
export function isDemo(path: string): boolean {
  return home !== undefined && isInside(home, path);
}
