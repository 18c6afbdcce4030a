/** Parses and applies `key=value` overrides of the command line. */
import { resolve } from 'node:path';
import { CORE_SCHEMA, load } from 'js-yaml';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { definitionOf, nearest, configKeys } from './keys';
import { medConfigPath } from './paths';
import { isVitName, vitSize } from './vit';

/** A value that overrides the file's. */
export interface Override {
  /** Dotted for a field of a mapping. */
  key: string;
  value: unknown;
  /** Original text, for messages: `init_lr=1e-4`. */
  source: string;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses `key=value`. The value is YAML (`1e-4`, `true`, `{width: 64}`), except for a path, which is plain text.
 * `parseConfig` checks the value.
 * @param from working folder, from which relative paths start; annotation files start at `ann_root`
 * @throws {UserError} if there is no `=`, the key is unknown or the value is not valid YAML
 */
export function parseOverride(source: string, from: string): Override {
  const equals = source.indexOf('=');
  if (equals < 1)
    throw new UserError(`"${source}" does not have the form key=value.`, {
      hint: 'For example init_lr=1e-4, or vit.depth=6 for a field of a mapping.',
    });
  const key = source.slice(0, equals).trim();
  const written = source.slice(equals + 1).trim();
  const known = definitionOf(key);
  if (known === undefined) {
    const meant = nearest(key, configKeys);
    throw new UserError(
      `"${source}": \`${key}\` is not a key of the configuration.${meant === undefined ? '' : ` Did you mean \`${meant}\`?`}`,
    );
  }
  if (known.kind === 'path') return { key, value: pathFrom(from, key, written), source };
  try {
    const value = written === '' ? null : load(written, { schema: CORE_SCHEMA });
    const isFile = key === 'med_config' && typeof value === 'string';
    return { key, value: isFile ? (medConfigPath(value, from) ?? value) : value, source };
  } catch {
    throw new UserError(localize('"{0}": the value is not valid YAML.', source));
  }
}

function pathFrom(from: string, key: string, written: string): string {
  const startsThere = !key.includes('.') && written !== '' && !/^https?:/i.test(written);
  return startsThere ? resolve(from, written) : written;
}

/** Returns the values of a file with overrides applied; the original object is not changed. */
export function applyOverrides(root: unknown, overrides: readonly Override[]): unknown {
  if (overrides.length === 0 || root === undefined || (root !== null && !isMapping(root)))
    return root;
  const result: Record<string, unknown> = { ...root };
  for (const { key, value } of overrides) {
    const dot = key.indexOf('.');
    if (dot < 0) {
      result[key] = value;
      continue;
    }
    const parent = key.slice(0, dot);
    result[parent] = { ...asMapping(parent, result[parent]), [key.slice(dot + 1)]: value };
  }
  return result;
}

/** Returns a mapping in which to set one field: a named size is expanded, a file name is replaced by an empty mapping. */
function asMapping(key: string, value: unknown): Record<string, unknown> {
  if (isMapping(value)) return value;
  return key === 'vit' && isVitName(value) ? { ...vitSize(value) } : {};
}
