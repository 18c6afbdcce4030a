import { loadConfig, type LoadedConfig } from '../config/load';
import { printWarnings } from './configWarnings';
import { userPath } from './userPath';

export interface CommonOptions {
  config: string;
  device?: string;
  set: string[];
  tensorflow?: string;
}

/** Options that override keys of the configuration. */
export interface Overrides {
  output_dir?: string;
  pretrained?: string;
  seed?: number;
  image_root?: string;
  ann_root?: string;
}

/** Loads the configuration with the command line's overrides, whose paths are relative to the working folder. */
export function loadConfiguration(options: CommonOptions & Overrides): LoadedConfig {
  const loaded = loadConfig(userPath(options.config), overrideAssignments(options));
  printWarnings(loaded);
  return loaded;
}

/** Converts the options that override keys to `key=value`, as `--set` takes them. */
export function overrideAssignments(
  options: Pick<CommonOptions, 'device' | 'set'> & Overrides,
): string[] {
  const { device, output_dir, pretrained, seed, image_root, ann_root } = options;
  return [
    ...options.set,
    ...(device === undefined ? [] : [`device=${device}`]),
    ...(output_dir === undefined ? [] : [`output_dir=${userPath(output_dir)}`]),
    ...(pretrained === undefined ? [] : [`pretrained=${userPath(pretrained)}`]),
    ...(image_root === undefined ? [] : [`image_root=${userPath(image_root)}`]),
    ...(ann_root === undefined ? [] : [`ann_root=${userPath(ann_root)}`]),
    ...(seed === undefined ? [] : [`seed=${seed}`]),
  ];
}
