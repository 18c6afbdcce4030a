import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { RunFolder } from '../run/runFolder';
import { UserError } from '../util/userError';
import { userPath } from './userPath';

/**
 * Finds the configuration file for weights: `named`, otherwise that of the run folder that contains the weights
 * (`checkpoint_last/model.safetensors` is two levels below it).
 * @throws {UserError} when there is none
 */
export function findConfigurationFile(checkpoint: string, named: string | undefined): string {
  if (named !== undefined) return named;
  const source = userPath(checkpoint);
  const folders = [source, dirname(source), dirname(dirname(source))];
  const run = folders
    .map((folder) => new RunFolder(folder))
    .find(({ runJson, config }) => existsSync(runJson) && existsSync(config));
  if (run) return run.config;
  throw new UserError(`${checkpoint} is not in a run folder, which would specify the model.`, {
    hint: 'Specify the configuration with --config.',
  });
}
