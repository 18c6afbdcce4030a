/**
 * The definition of `nlvr.yaml`: every key with its kind, default, range, meaning and BLIP's value, from one file per
 * group in `definitions`. Types, validation, the JSON schema, docs/configuration.md, hovers and the form are derived
 * from it.
 */
import { advancedKeys } from './definitions/advanced';
import { dataKeys } from './definitions/data';
import { hardwareKeys } from './definitions/hardware';
import type { KeyDefinition, KeyValue } from './definitions/keyKinds';
import { modelKeys } from './definitions/model';
import { optimizationKeys } from './definitions/optimization';
import { runKeys } from './definitions/run';

/** Every key, in the order of the form and of the documentation. */
export const definition = {
  ...dataKeys,
  ...modelKeys,
  ...optimizationKeys,
  ...hardwareKeys,
  ...runKeys,
  ...advancedKeys,
} as const satisfies Record<string, KeyDefinition>;

type Definition = typeof definition;
export type ConfigKey = keyof Definition;

/** A complete configuration: every key present, values in range, paths as written (not yet resolved). */
export type Config = { [K in ConfigKey]: KeyValue<Definition[K]> };
