import type { LoadedConfig } from '../config/load';
import { differingKeys, flatConfig, readFlatFile } from '../config/flat';
import type { ConfigChange } from '../run/record/attempts';
import type { RunFolder } from '../run/runFolder';
import { localize, type MessageText } from '../util/localize';

/** Lists the keys whose values differ from the run's configuration; none if that cannot be read. */
export function configChanges(
  folder: RunFolder,
  { config, folder: configFolder }: Pick<LoadedConfig, 'config' | 'folder'>,
): ConfigChange[] {
  const before = readFlatFile(folder.config);
  if (!before) return [];
  return differingKeys([before, flatConfig(config, configFolder)]).map(
    ({ key, values: [from, to] }) => ({ key, from, to }),
  );
}

/** Describes each change as `max_epoch: 15 → 20`. */
export function describeChanges(changes: readonly ConfigChange[]): MessageText {
  return localize(
    'The run continues with a changed configuration: {0}.',
    changes.map(({ key, from, to }) => `${key}: ${from ?? '–'} → ${to ?? '–'}`),
  );
}
