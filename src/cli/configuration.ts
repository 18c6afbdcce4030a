import { resolve } from 'node:path';
import { loadConfig, type LoadedConfig } from '../config/load';
import { printProblems } from './configProblems';

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
  const path = (value: string): string => (/^https?:/i.test(value) ? value : resolve(value));
  const loaded = loadConfig(options.config, [
    ...options.set,
    ...(device === undefined ? [] : [`device=${device}`]),
    ...(output_dir === undefined ? [] : [`output_dir=${path(output_dir)}`]),
    ...(pretrained === undefined ? [] : [`pretrained=${path(pretrained)}`]),
    ...(seed === undefined ? [] : [`seed=${seed}`]),
  ]);
  printProblems(loaded);
  return loaded;
}
