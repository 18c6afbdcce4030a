import { loadConfig, type LoadedConfig } from '../config/load';
import { printProblems } from './configProblems';
import { userPath } from './userPath';

export interface CommonOptions {
  config: string;
  device?: string;
  set: string[];
  tensorflow?: string;
}

/** Options that override keys of the configuration. */
interface Overrides {
  output_dir?: string;
  pretrained?: string;
  seed?: number;
}

/** The configuration with the command line's overrides. Paths of the command line start at the working folder. */
export function configuration(options: CommonOptions & Overrides): LoadedConfig {
  const { device, output_dir, pretrained, seed } = options;
  const loaded = loadConfig(userPath(options.config), [
    ...options.set,
    ...(device === undefined ? [] : [`device=${device}`]),
    ...(output_dir === undefined ? [] : [`output_dir=${userPath(output_dir)}`]),
    ...(pretrained === undefined ? [] : [`pretrained=${userPath(pretrained)}`]),
    ...(seed === undefined ? [] : [`seed=${seed}`]),
  ]);
  printProblems(loaded);
  return loaded;
}
