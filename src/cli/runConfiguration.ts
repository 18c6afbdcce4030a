import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { RunFolder } from '../run/runFolder';
import { UserError } from '../util/userError';

/** The weights as the command line names them: an address as it is, a path from the working folder. */
export function checkpointSource(checkpoint: string): string {
  return /^https?:/i.test(checkpoint) ? checkpoint : resolve(checkpoint);
}

/**
 * The configuration that goes with weights: the one that was named, else the run's own where the weights are a run
 * folder or lie in one (`checkpoint_last/model.safetensors` two folders deep).
 * @throws {UserError} when there is none.
 */
export function configurationOf(checkpoint: string, named: string | undefined): string {
  if (named !== undefined) return named;
  const source = checkpointSource(checkpoint);
  const folders = [source, dirname(source), dirname(dirname(source))];
  const run = folders
    .map((folder) => new RunFolder(folder))
    .find(({ runJson, config }) => existsSync(runJson) && existsSync(config));
  if (run) return run.config;
  throw new UserError(
    `${checkpoint} does not lie in a run folder, which would say what model it is.`,
    {
      hint: 'Name the configuration with --config.',
    },
  );
}
